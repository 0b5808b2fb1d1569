/**
 * Most entries of a list: a number, one for each value of its enum, or what a setting says. Declared once, with the
 * list: the server reads it from the schema to check inputs, and docs/limits.md is printed from it.
 */
export type ListLimit = number | 'ONE_FOR_EACH_VALUE' | 'BATCH_ITEMS_MAX'

declare module 'graphql' {
  interface GraphQLArgumentExtensions {
    itemsMax?: ListLimit
  }
  interface GraphQLInputFieldExtensions {
    itemsMax?: ListLimit
  }
  // biome-ignore lint/suspicious/noExplicitAny: the parameters are those of the interface that this adds to
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs = any> {
    itemsMax?: ListLimit
  }
}

/**
 * Options of a list: its limit, and its description, which says the limit.
 *
 * @param exception when there is no list, which the description ends with
 */
export function listOptions(itemsMax: ListLimit, description: string, exception = '') {
  const sentences = [description, inWords(itemsMax), exception].filter((sentence) => sentence !== '')
  return { description: sentences.join(' '), extensions: { itemsMax } }
}

function inWords(limit: ListLimit): string {
  switch (limit) {
    case 'ONE_FOR_EACH_VALUE':
      return 'At most as many entries as the enum has values.'
    case 'BATCH_ITEMS_MAX':
      return 'At most 500 entries unless the server is configured otherwise.'
    case 1:
      return 'At most one entry.'
    default:
      return `At most ${limit.toLocaleString('en')} entries.`
  }
}
