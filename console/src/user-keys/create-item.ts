/** Stands in the address for the form for a new key; IDs have an underscore, so that none is this. */
export const createItem = 'new'
