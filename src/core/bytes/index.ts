// Floor 0: views, hexadecimal, bit fields, addresses, asserts. Imports nothing.
export {
  type Address,
  formatAddress,
  formatIp,
  fromCompact,
  type IpScope,
  ipScope,
  parseAddress,
  parseIp,
  toCompact,
} from './address.ts'
export { AssertionError, assert } from './assert.ts'
export { BitField } from './bit-field.ts'
export { compareBytes, concatBytes, equalBytes, readUint32, writeUint32 } from './compare.ts'
export { fromHex, toHex } from './hex.ts'
