declare module 'virtual:document-ids' {
  /** IDs of the documents by the name of their operation. Empty while the console is developed. */
  export const documentIds: Readonly<Record<string, string>>
}
