import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const compressors = {
  br: (bytes: Uint8Array) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
    }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
}

/** Files that are read by the server, and not sent to browsers. */
const unserved = ['documents.json']

/**
 * Plugin that compresses the files, and lists them in `files.json` with the SHA-256 of each form. The server serves what
 * is in this list and nothing else.
 */
export function servedFiles(): Plugin {
  return {
    name: 'keystead:served-files',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const files: Record<string, Record<string, string>> = {}
        for (const [path, output] of Object.entries(bundle)) {
          if (unserved.includes(path)) continue
          const bytes = Buffer.from(output.type === 'chunk' ? output.code : output.source)
          const forms: Record<string, string> = { identity: hashOf(bytes) }
          for (const [coding, compress] of Object.entries(compressors)) {
            const compressed = await compress(bytes)
            if (compressed.length >= bytes.length) continue
            forms[coding] = hashOf(compressed)
            this.emitFile({ type: 'asset', fileName: `${path}.${coding}`, source: compressed })
          }
          files[path] = forms
        }
        this.emitFile({
          type: 'asset',
          fileName: 'files.json',
          source: `${JSON.stringify(files, null, 2)}\n`,
        })
      },
    },
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
