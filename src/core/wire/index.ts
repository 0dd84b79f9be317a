// Floor 1: bytes <-> values. Every size that a stranger names is bounded before memory is spent on it.
export {
  type BencodeKind,
  type BencodeLimits,
  type BencodeNode,
  BencodeReader,
} from './bencode.ts'
export {
  BENCODE_VALUE_LIMITS,
  type BencodeInput,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
} from './bencode-value.ts'
export { ByteWriter } from './byte-writer.ts'
export { WireError } from './errors.ts'
export {
  type AnnouncePeerQuery,
  type Contact,
  type GetPeersQuery,
  type GetQuery,
  ITEM_LIMIT_BYTES,
  KRPC_ERROR,
  KRPC_LIMIT_BYTES,
  type KrpcError,
  type KrpcMessage,
  type KrpcMethod,
  type KrpcQuery,
  type KrpcResponse,
  type MutableFields,
  type OtherQuery,
  type PingQuery,
  type PutQuery,
  packContacts,
  parseContacts,
  SALT_LIMIT_BYTES,
  signedBytes,
  type TargetQuery,
  TOKEN_LIMIT_BYTES,
  TRANSACTION_LIMIT_BYTES,
  type Want,
} from './krpc.ts'
export { decodeKrpc } from './krpc-decode.ts'
export { encodeKrpc } from './krpc-encode.ts'
