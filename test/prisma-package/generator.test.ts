import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMarks } from '../../packages/prisma/src/generator/marks.ts'
import { fieldEncryption } from '../../packages/prisma/src/index.ts'
import { PrismaClient } from './generated/client.ts'
import { encryptedFields } from './generated/encrypted-fields.ts'

const root = join(import.meta.dirname, '../..')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-generator-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `prisma generate` with the generator alone. */
async function generate(models: string, output = 'fields.ts', database = 'postgresql'): Promise<string> {
  const schema = join(folder, 'schema.prisma')
  const provider = `node ${join(root, 'packages/prisma/src/generator/main.ts')}`
  writeFileSync(
    schema,
    `datasource db {\n provider = "${database}"\n}\ngenerator k {\n provider = "${provider}"\n output = "./${output}"\n}\n${models}`,
  )
  const prisma = join(root, 'node_modules/prisma/build/index.js')
  const env = { ...process.env, NO_COLOR: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' }
  await promisify(execFile)(process.execPath, [prisma, 'generate', '--no-hints', '--schema', schema], {
    cwd: root,
    env,
  })
  return readFileSync(join(folder, output), 'utf8')
}

describe('prisma generate', () => {
  it('writes models and marks, with tables and columns by the names of the database', async () => {
    const source = await generate(
      `model Person {
         id    Int @id
         /// The address. @encrypted(key: "people", context: ["land"])
         mail  String? @map("e_mail")
         /// @searchable(of: "mail", normalise: "email")
         index String? @unique
         /// @encrypted(key: "people", name: "old.data")
         data  Json?
         land  Land
         @@map("persons")
       }
       enum Land {
 BE
 NL
 }`,
      'fields.js',
    )
    const { encryptedFields: fields } = await import(`data:text/javascript,${encodeURIComponent(source)}`)
    expect(fields.models.Person.fields).toMatchObject({
      mail: { encrypted: { kind: 'text', key: 'people', context: ['land'], name: 'persons.e_mail' } },
      index: {
        searchable: { of: 'mail', key: 'people-index', normalise: 'email', name: 'persons.e_mail' },
      },
      data: { encrypted: { kind: 'json', key: 'people', context: [], name: 'old.data' } },
    })
  })

  it('refuses marks that cannot work, and names all of them', async () => {
    const error = await generate(
      `model A {
         id      Int @id @default(autoincrement())
         /// @encrypted(key: "k", context: ["gone", "maybe", "when"])
         text    String @default("plain")
         maybe   String?
         when    DateTime
         /// @encrypted(key: "k")
         number  Int
         /// @encrypted(key: "k")
         list    String[]
         /// @encrypted(key: "k")
         short   String @db.VarChar(20)
         /// @encrypted(key: "k")
         unique  String @unique
         /// @encrypted(key: "k")
         set     String
         /// @encrypted(keys: "k")
         typo    String
         /// @encrypted
         bare    String
         /// @Encrypted(key: "k")
         upper   String
         /// @encrypt(key: "k")
         almost  String
         /// @encrypted(key: 'k')
         quotes  String
         /// @encrypted(key: "k")
         opt     String?
         /// @searchable(of: "opt", normalise: "rot13")
         index   String
         /// @searchable(of: "maybe")
         other   String?
         /// @encrypted(key: "k")
         ref     String?
         b       B? @relation(fields: [ref], references: [id])
         @@unique([set, when])
       }
       model B {
         /// @encrypted(key: "k")
         id String @id
         as A[]
       }`,
    ).catch(({ stderr, stdout }: { stderr: string; stdout: string }) => stderr + stdout)
    const problems = [...String(error).matchAll(/^\s*- (.*)$/gm)].map(([, line]) => line)
    expect(problems).toEqual([
      'A.bare: @encrypted needs options in parentheses, such as @encrypted(key: "customers").',
      'A.upper: @Encrypted must be written @encrypted.',
      'A.almost: @encrypt is no mark, and the field would be stored as plaintext: write @encrypted(key: "customers") or @searchable(of: "email", normalise: "email").',
      `A.quotes: @encrypted cannot be read at "key: 'k')": options are written name: "text" or name: ["text", "text"], with a comma between them.`,
      'A.text has a @default, which would be stored as plaintext. Remove it.',
      'A.text: gone, named as context, is no field of A with a value.',
      'A.text is bound to its context by maybe, which is optional: it must always have one value.',
      'A.text is bound to its context by when of type DateTime: use String, Int, BigInt or an enum, whose values the database returns as they were written.',
      'A.number is of type Int: only String, Json and Bytes can be encrypted.',
      'A.list is a list: only single values can be encrypted. Use Json.',
      'A.short has the column type @db.VarChar: ciphertext is longer than the value. Use @db.Text, or no @db.',
      'A.typo: @encrypted needs the option key: "…".',
      'A.typo: @encrypted has no option keys; its options are key, context, name.',
      'A.ref is a foreign key, which cannot be encrypted.',
      'A.index: normalise is one of none, trim, lowercase, email, digits, not rot13.',
      'A.index is a blind index: write String?, since it is written with opt and not by callers, and is null where opt is.',
      'A.other is a blind index of maybe, which is no field of A with @encrypted.',
      'A.unique is @unique, which ciphertext always is: add a blind index (@searchable(of: "unique")) that is @unique.',
      'A.set is in a @@unique, which ciphertext always is: put its blind index there.',
      'Ciphertext of A is bound to its row by id, which the database makes (@default(autoincrement())): its value must be known before the row is written. Use String with @default(uuid()).',
      'B.id is (a part of) the ID, which cannot be encrypted.',
      'Ciphertext of B is bound to its row by id, which is encrypted itself.',
    ])
  })
})

describe('prisma generate for another database', () => {
  it('is refused', async () => {
    const generated = generate('model A {\n id String @id\n }', 'fields.ts', 'mysql')
    await expect(generated).rejects.toMatchObject({
      stderr: expect.stringContaining(
        'The datasource has the provider mysql: @keystead/prisma is tested with',
      ),
    })
  })
})

describe('marks', () => {
  it('are found among other words, and with several options', () => {
    const [mark] = readMarks('The name.\n@encrypted( key: "a b", context: ["x" , "y"] ) and more @deprecated')
    expect([...(mark?.options ?? [])]).toEqual([
      ['key', 'a b'],
      ['context', ['x', 'y']],
    ])
    expect(readMarks('send to me@encrypteddomain.example')).toEqual([])
    expect(readMarks('')).toEqual([])
    expect(readMarks('@deprecated, see @link (the name of it)')).toEqual([])
  })

  it.each([
    ['@encrypt(key: "k")', '@encrypt'],
    ['The name. @encryptd (key: "k")', '@encryptd'],
    ['@Encryption', '@Encryption'],
    ['@search(of: "email")', '@search'],
    ['@searchables', '@searchables'],
    ['@encypted(key: "k")', '@encypted'],
    ['@ encrypted(key: "k")', '@ encrypted'],
    ['@encrypted(key: "k") @search', '@search'],
  ])('that are misspelt are refused: %s', (documentation, written) => {
    expect(() => readMarks(documentation)).toThrow(`${written} is no mark, and the field would be stored as`)
  })
})

describe('fieldEncryption', () => {
  const keystead = {} as never
  const client = () => new PrismaClient({ adapter: { provider: 'postgres' } as never })

  it('refuses a file of another schema: a field that was renamed, or a model that is new', () => {
    const { Customer, ...others } = encryptedFields.models
    const { name: renamed, ...rest } = Customer?.fields ?? {}
    const old = { ...rest, fullName: renamed ?? { type: 'String' } }
    const of = (models: object) =>
      client().$extends(fieldEncryption({ keystead, fields: { formatVersion: 1, models } as never }))
    expect(() => of({ ...others, Customer: { ...Customer, fields: old } })).toThrow(
      'The file of encrypted fields does not fit the Prisma client: Customer.name is in one of them only. Run `npx prisma generate` with both generators.',
    )
    expect(() => of(others)).toThrow('Customer is in one of them only')
  })

  it('refuses what is no file of encrypted fields', () => {
    expect(() => fieldEncryption({ keystead, fields: {} as never })).toThrow('Run `npx prisma generate`.')
    expect(() => fieldEncryption({ keystead, fields: encryptedFields, plaintext: 'yes' as never })).toThrow(
      "plaintext is 'refuse' or 'allow', not yes.",
    )
  })
})
