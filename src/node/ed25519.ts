// Ed25519 by Node's crypto, for the mutable items of BEP 44: raw keys in, raw signatures out.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Signatures } from '../core/dht/index.ts'

// The fixed heads of RFC 8410's DER forms; the raw key follows.
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export const ed25519: Signatures = {
  verify(signature, message, key) {
    try {
      const der = Buffer.concat([PUBLIC_HEAD, key])
      const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
      return verify(null, message, publicKey, signature)
    } catch {
      // A stranger's key that is no point of the curve fits no signature.
      return false
    }
  },
}

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes, freshly made. */
  sign(message: Uint8Array): Uint8Array
}

/** @param seed 32 bytes, the secret. @throws RangeError on another length. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new RangeError('an ed25519 seed has 32 bytes')
  const der = Buffer.concat([PRIVATE_HEAD, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(PUBLIC_HEAD.length)),
    sign: message => new Uint8Array(sign(null, message, privateKey)),
  }
}
