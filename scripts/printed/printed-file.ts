/** A file of the repository that is made from the code. */
export interface PrintedFile {
  /** Path from the top of the repository. */
  readonly path: string
  /** What it is made from, for people. */
  readonly source: string
  /** The whole text of the file; `current` is its text so far, for files of which only a part is printed. */
  readonly print: (current: string) => string
}
