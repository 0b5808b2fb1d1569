/** One DER value of the contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const short =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...short), content])
}

/** A value with those that it holds; an OCTET STRING holds values if its content is DER. */
interface Node {
  readonly tag: number
  readonly content: Buffer
  readonly children: readonly Node[] | null
}

/** Variants of DER that BER allows or that have bytes behind a value, at every depth: none of them is DER. */
export function* notDer(bytes: Buffer): Generator<readonly [string, Buffer]> {
  const [root] = nodesOf(bytes) ?? []
  if (root === undefined) throw new TypeError('not DER')
  yield ['bytes behind the end', Buffer.concat([bytes, Buffer.of(0)])]
  yield ['a value behind the end', Buffer.concat([bytes, Buffer.of(5, 0)])]
  yield* variantsOf(root, 'top', (changed) => changed)
}

function* variantsOf(
  node: Node,
  name: string,
  embed: (changed: Buffer) => Buffer,
): Generator<readonly [string, Buffer]> {
  const { tag, content, children } = node
  const { length } = content
  yield [
    `${name}: a long length`,
    embed(Buffer.concat([Buffer.of(tag, 0x83, 0, length >> 8, length & 0xff), content])),
  ]
  if ((tag & 0x20) !== 0) {
    yield [
      `${name}: an indefinite length`,
      embed(Buffer.concat([Buffer.of(tag, 0x80), content, Buffer.of(0, 0)])),
    ]
  } else if (tag === 4) {
    yield [`${name}: in pieces`, embed(der(0x24, der(4, content)))]
  }
  for (const [index, child] of (children ?? []).entries()) {
    const around = (changed: readonly Buffer[]) =>
      embed(der(tag, ...(children ?? []).flatMap((each, at) => (at === index ? changed : [encode(each)]))))
    yield [`${name}.${index}: a value behind it`, around([encode(child), Buffer.of(5, 0)])]
    yield* variantsOf(child, `${name}.${index}`, (changed) => around([changed]))
  }
}

function encode({ tag, content }: Node): Buffer {
  return der(tag, content)
}

function nodesOf(bytes: Buffer): Node[] | null {
  const nodes: Node[] = []
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, first = 0x80] = bytes.subarray(at)
    const octets = first < 0x80 ? 0 : first & 0x7f
    if (octets > 2 || first === 0x80 || at + 2 + octets > bytes.length) return null
    const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets)
    const start = at + 2 + octets
    if (start + length > bytes.length) return null
    const content = bytes.subarray(start, start + length)
    const mayHold = (tag & 0x20) !== 0 || (tag === 4 && (content[0] === 0x30 || content[0] === 4))
    nodes.push({ tag, content, children: mayHold ? nodesOf(content) : null })
    at = start + length
  }
  return nodes
}
