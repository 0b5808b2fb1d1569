/** A file or folder as Emscripten knows it. */
interface FsNode {
  readonly name: string
}

/** An open file of Emscripten. */
interface FsStream {
  readonly fd: number
  readonly path: string
  readonly node: FsNode
}

/** The parts used here of the file system of PGlite's module: Emscripten's, on top of Node's. */
export interface EmbeddedFileSystem {
  readonly FS: {
    readonly ErrnoError: new (errno: number) => Error
    lookupNode(parent: FsNode, name: string): FsNode
    destroyNode(node: FsNode): void
    closeStream(fd: number): void
    unlink(path: string): void
  }
  readonly NODEFS: {
    readonly node_ops: { mknod(parent: FsNode, name: string, mode: number, dev: number): FsNode }
    readonly stream_ops: {
      open(stream: FsStream): void
      fsync?: (stream: { readonly nfd: number }) => void
    }
  }
}

/**
 * Takes back what a failed open leaves behind. Emscripten makes a file in two steps and forgets the first when the second
 * fails, for example for want of a file descriptor: to PostgreSQL, which frees one and tries again, the file that it is
 * about to make is there already, until the process ends.
 */
export function undoFailedOpens({ FS, NODEFS: { node_ops, stream_ops } }: EmbeddedFileSystem): void {
  const { mknod } = node_ops
  const { open } = stream_ops
  /** The file that was made last: if the next open is of it, it is part of the same call. */
  let made: FsNode | null = null

  node_ops.mknod = (parent, name, mode, dev) => {
    made = null
    try {
      made = mknod(parent, name, mode, dev)
      return made
    } catch (error) {
      // It is in the table of names, and nowhere else.
      FS.destroyNode(FS.lookupNode(parent, name))
      throw error
    }
  }
  stream_ops.open = (stream) => {
    const wasMade = made === stream.node
    made = null
    try {
      open(stream)
    } catch (error) {
      FS.closeStream(stream.fd)
      if (wasMade) FS.unlink(stream.path)
      throw error
    }
  }
}
