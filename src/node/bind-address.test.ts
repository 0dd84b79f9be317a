import { expect, test } from 'vitest'
import { bindError, probeAddress } from './bind-address.ts'

test('an address of this machine can be bound, another one is refused with advice', async () => {
  await probeAddress('127.0.0.1')
  for (const address of ['192.0.2.1', '2001:db8::1', 'foo'])
    await expect(probeAddress(address)).rejects.toMatchObject({
      name: 'NoSuchAddress',
      message: `This machine has no address "${address}": leave --bind out, or correct it.`,
    })
})

test.each([
  ['EADDRINUSE', 'PortInUse', /^Port 7 is in use: .* --port/],
  ['EACCES', 'NotAllowed', /^Port 7 needs more rights: .* --port/],
  ['EADDRNOTAVAIL', 'NoSuchAddress', /--bind/],
  ['EMFILE', 'CannotListen', /^Cannot listen on port 7 \(EMFILE\)/],
])('%s where a port was asked for says what to do', (code, name, message) => {
  const cause = Object.assign(new Error(code), { code })
  const expected = { name, message: expect.stringMatching(message), cause }
  expect(bindError(cause, { port: 7, bind: '10.9.9.9' })).toMatchObject(expected)
})

test('a mistake of the program stays what it is', () => {
  const mistake = new TypeError('x')
  expect(bindError(mistake, { port: 7 })).toBe(mistake)
})
