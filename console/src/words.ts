const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })

/** A moment in the reader's time zone; a dash for none. */
export const formatMoment = (moment: string | null | undefined): string =>
  moment ? dateTime.format(new Date(moment)) : '–'

/** The day of a moment, in the reader's time zone. */
export const formatDay = (moment: string): string => date.format(new Date(moment))

/** `DESTROY_SCHEDULED` as people write it. */
export function sentence(value: string): string {
  const words = value
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace('pre activation', 'pre-activation')
    .replace(/ mac$/, ' MAC')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** `AES_256_GCM` as people write it. */
export const algorithmName = (algorithm: string): string => algorithm.replaceAll('_', '-')

const usages: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'Encrypt and decrypt',
  SIGN_VERIFY: 'Sign and verify',
  GENERATE_VERIFY_MAC: 'Generate and verify MACs',
}

/** What a key is for, as people write it. */
export const usageName = (usage: string): string => usages[usage] ?? sentence(usage)

/** Where key material comes from, as people write it. */
export const originName = (origin: string): string => (origin === 'EXTERNAL' ? 'Imported' : 'Keystead')

/** Subjects in a text, apart by lines, commas or semicolons: the names of services contain spaces. */
export const subjectsIn = (text: string): string[] =>
  text
    .split(/[\n,;]/)
    .map((subject) => subject.trim())
    .filter((subject) => subject !== '')
