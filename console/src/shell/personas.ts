/** Who one can be in development mode; the server has a token for each. */
export const personas = [
  { name: 'admin', label: 'Ada, administrator' },
  { name: 'member', label: 'Max, member of the group payments' },
  { name: 'outsider', label: 'Olga, member on no access list' },
  { name: 'agent', label: 'Secrets Manager, a service' },
] as const
