import { minify } from '@swc/core'
import type { Plugin } from 'vite'

/**
 * Plugin that makes each file smaller before the bundler shortens its names: SWC also joins, inlines and drops what the
 * bundler's own minifier leaves.
 */
export function minified(): Plugin {
  return {
    name: 'keystead:minified',
    apply: 'build',
    async renderChunk(code) {
      const compress = { ecma: 2022, passes: 3 } as const
      const minifiedCode = await minify(code, { module: true, ecma: 2022, compress, mangle: true })
      return { code: minifiedCode.code, map: null }
    },
  }
}
