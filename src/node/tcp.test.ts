import { once } from 'node:events'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { WorldInput } from '../core/world/index.ts'
import { Tcp } from './tcp.ts'

const LOOPBACK = Uint8Array.of(127, 0, 0, 1)
const open: Tcp[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(tcp => tcp.closeAll()))
})

/** A driver whose inputs can be waited for; received bytes are copied, as they are only lent. */
function tcpWithInbox() {
  const inputs: WorldInput[] = []
  let wake = () => {}
  const tcp = new Tcp({
    onInput: input => {
      inputs.push(input.kind === 'tcp-data' ? { ...input, bytes: input.bytes.slice() } : input)
      wake()
    },
  })
  open.push(tcp)
  const until = async (isThere: () => boolean) => {
    while (!isThere()) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  const kinds = () => inputs.map(input => input.kind)
  const received = (connection: number) =>
    inputs
      .flatMap(input => (input.kind === 'tcp-data' && input.connection === connection ? input : []))
      .reduce((sum, input) => sum + input.bytes.length, 0)
  return { tcp, inputs, until, kinds, received }
}

test('what one step sends to a connection leaves in one write', async () => {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const a = tcpWithInbox()
  a.tcp.dial(1, { ip: LOOPBACK, port: (server.address() as net.AddressInfo).port }, 5000)
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  await a.until(() => a.kinds().includes('tcp-open'))
  a.tcp.send(1, Uint8Array.of(1))
  a.tcp.send(1, Uint8Array.of(2, 3))
  a.tcp.flush()
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  expect([...bytes]).toEqual([1, 2, 3])
  await a.until(() => a.kinds().includes('tcp-drained'))
  socket.destroy()
  server.close()
})

test('two ends pass a megabyte both ways and hear of the close', async () => {
  const a = tcpWithInbox()
  const b = tcpWithInbox()
  const port = await b.tcp.listen(0, '127.0.0.1')
  a.tcp.dial(1, { ip: LOOPBACK, port }, 5000)
  await b.until(() => b.kinds().includes('tcp-accepted'))
  await a.until(() => a.kinds().includes('tcp-open'))
  a.tcp.send(1, new Uint8Array(2 ** 20))
  a.tcp.flush()
  b.tcp.send(2, new Uint8Array(2 ** 20))
  b.tcp.flush()
  await a.until(() => a.received(1) === 2 ** 20)
  await b.until(() => b.received(2) === 2 ** 20)
  a.tcp.close(1)
  await b.until(() => b.kinds().includes('tcp-closed'))
  expect(b.inputs.at(-1)).toEqual({ kind: 'tcp-closed', connection: 2, reason: 'ended' })
})

test('what was sent before the close still arrives', async () => {
  const a = tcpWithInbox()
  const b = tcpWithInbox()
  const port = await b.tcp.listen(0, '127.0.0.1')
  a.tcp.dial(1, { ip: LOOPBACK, port }, 5000)
  await a.until(() => a.kinds().includes('tcp-open'))
  a.tcp.send(1, new Uint8Array(3_000_000))
  a.tcp.close(1)
  await b.until(() => b.kinds().includes('tcp-closed'))
  expect(b.received(2)).toBe(3_000_000)
})

test('a port where nobody listens is refused, and its number is free of further inputs', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  const a = tcpWithInbox()
  a.tcp.dial(7, { ip: LOOPBACK, port }, 5000)
  await a.until(() => a.inputs.length > 0)
  expect(a.inputs).toEqual([{ kind: 'tcp-closed', connection: 7, reason: 'refused' }])
})

test('after its close a connection is never named again', async () => {
  const a = tcpWithInbox()
  const b = tcpWithInbox()
  const port = await b.tcp.listen(0, '127.0.0.1')
  a.tcp.dial(1, { ip: LOOPBACK, port }, 5000)
  a.tcp.close(1)
  a.tcp.dial(3, { ip: LOOPBACK, port }, 5000)
  await a.until(() => a.kinds().includes('tcp-open'))
  expect(a.inputs).toEqual([{ kind: 'tcp-open', connection: 3 }])
})
