/** One end of the channel that Node opens between a process and one that it has forked. */
export interface Port {
  send(message: object, done: (error: Error | null) => void): unknown
  on(event: 'message', receive: (message: unknown) => void): unknown
}

/** Answers questions of the other end, by the name of the question. */
export type Handlers = Readonly<Record<string, (value: unknown) => unknown>>

/** Questions and answers between the primary process and a worker. */
export interface Channel {
  /**
   * Asks the other end.
   *
   * @throws ChannelError if it is gone, does not know the question, or fails
   */
  ask(name: string, value?: unknown): Promise<unknown>
  /** Rejects all open questions. */
  close(): void
}

/** The other process did not answer. */
export class ChannelError extends Error {}

interface ChannelMessage {
  readonly keystead: 'question' | 'answer' | 'failure'
  readonly id: number
  readonly name?: string
  readonly value?: unknown
}

/** Opens one end. Messages of other kinds on the same channel, such as those of Node, are left alone. */
export function openChannel(port: Port, handlers: Handlers): Channel {
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0

  function post(posted: ChannelMessage): void {
    const fail = () => {
      open.get(posted.id)?.reject(new ChannelError('the other process is gone'))
      open.delete(posted.id)
    }
    const failQuestion = posted.keystead === 'question' ? fail : () => {}
    try {
      port.send(posted, (error) => error !== null && failQuestion())
    } catch {
      failQuestion()
    }
  }

  async function answer({ id, name = '', value }: ChannelMessage): Promise<void> {
    try {
      const handler = handlers[name]
      if (handler === undefined) throw new ChannelError(`unknown question ${name}`)
      post({ keystead: 'answer', id, value: (await handler(value)) ?? null })
    } catch {
      post({ keystead: 'failure', id })
    }
  }

  port.on('message', (message) => {
    if (!isOfChannel(message)) return
    if (message.keystead === 'question') {
      void answer(message)
      return
    }
    const question = open.get(message.id)
    open.delete(message.id)
    if (message.keystead === 'answer') question?.resolve(message.value)
    else question?.reject(new ChannelError('the other process could not answer'))
  })

  return {
    ask(name, value) {
      const id = ++lastId
      const question = Promise.withResolvers<unknown>()
      open.set(id, question)
      post({ keystead: 'question', id, name, value })
      return question.promise
    },
    close() {
      for (const { reject } of open.values()) reject(new ChannelError('the other process is gone'))
      open.clear()
    },
  }
}

function isOfChannel(message: unknown): message is ChannelMessage {
  return typeof message === 'object' && message !== null && 'keystead' in message && 'id' in message
}
