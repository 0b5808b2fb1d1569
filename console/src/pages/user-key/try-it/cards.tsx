import { type ComponentType, useState } from 'react'
import type { EnumOf } from '../../../api/graphql.ts'
import { DeriveCard } from './agreement.tsx'
import { DataKeyCard } from './data-keys.tsx'
import { DecapsulateCard, EncapsulateCard, type Encapsulated } from './encapsulation.tsx'
import { DecryptCard, EncryptCard, type Sealed } from './encryption.tsx'
import { type Authenticated, GenerateMacCard, VerifyMacCard } from './macs.tsx'
import { SignCard, type Signed, VerifyCard } from './signatures.tsx'
import type { TriedKey } from './tried-key.ts'

interface CardsProps {
  readonly userKey: TriedKey
  readonly can: (permission: EnumOf<'KeyPermission'>) => boolean
}

/** The operations by usage, each for those who may run it. */
export const cardsFor: Readonly<Record<EnumOf<'KeyUsage'>, ComponentType<CardsProps>>> = {
  ENCRYPT_DECRYPT: EncryptionCards,
  SIGN_VERIFY: SignatureCards,
  GENERATE_VERIFY_MAC: MacCards,
  KEY_ENCAPSULATION: EncapsulationCards,
  KEY_AGREEMENT: ({ userKey, can }) => can('DERIVE') && <DeriveCard userKey={userKey} />,
}

/** What one operation has given to the other. The count begins that one anew with what it is given. */
function useHandover<Handed>(isPossible: boolean) {
  const [handed, setHanded] = useState<{ readonly what: Handed; readonly count: number } | null>(null)
  const hand = (what: Handed) => setHanded((before) => ({ what, count: (before?.count ?? 0) + 1 }))
  return {
    given: handed?.what ?? null,
    count: handed?.count ?? 0,
    onHandOver: isPossible ? hand : undefined,
  }
}

function EncryptionCards({ userKey, can }: CardsProps) {
  const { given, count, onHandOver } = useHandover<Sealed>(can('DECRYPT'))
  return (
    <>
      {can('ENCRYPT') && <EncryptCard userKey={userKey} onHandOver={onHandOver} />}
      {can('DECRYPT') && <DecryptCard key={count} userKey={userKey} given={given} />}
      {can('ENCRYPT') && userKey.type === 'SYMMETRIC' && (
        <DataKeyCard userKey={userKey} onHandOver={onHandOver} />
      )}
    </>
  )
}

function SignatureCards({ userKey, can }: CardsProps) {
  const { given, count, onHandOver } = useHandover<Signed>(can('VERIFY'))
  return (
    <>
      {can('SIGN') && <SignCard userKey={userKey} onHandOver={onHandOver} />}
      {can('VERIFY') && <VerifyCard key={count} userKey={userKey} given={given} />}
    </>
  )
}

function MacCards({ userKey, can }: CardsProps) {
  const { given, count, onHandOver } = useHandover<Authenticated>(can('VERIFY_MAC'))
  return (
    <>
      {can('GENERATE_MAC') && <GenerateMacCard userKey={userKey} onHandOver={onHandOver} />}
      {can('VERIFY_MAC') && <VerifyMacCard key={count} userKey={userKey} given={given} />}
    </>
  )
}

function EncapsulationCards({ userKey, can }: CardsProps) {
  const { given, count, onHandOver } = useHandover<Encapsulated>(can('DECAPSULATE'))
  return (
    <>
      {can('ENCAPSULATE') && <EncapsulateCard userKey={userKey} onHandOver={onHandOver} />}
      {can('DECAPSULATE') && <DecapsulateCard key={count} userKey={userKey} given={given} />}
    </>
  )
}
