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
export { type Contact, packContacts, parseContacts, parseEndpoint } from './endpoint.ts'
export { WireError } from './errors.ts'
export {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  EXTENSION_NAME_LIMIT_BYTES,
  EXTENSIONS_MAX,
  type ExtensionHandshake,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  METADATA_PIECES_MAX,
  type MetadataMessage,
  metadataPieceSize,
} from './extension.ts'
export { FrameReader, visitFrame } from './frame.ts'
export {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
  type Handshake,
  HandshakeReader,
  startsLikeHandshake,
} from './handshake.ts'
export {
  type AnnouncePeerQuery,
  type GetPeersQuery,
  type GetQuery,
  ITEM_LIMIT_BYTES,
  KRPC_ERROR,
  KRPC_LIMIT_BYTES,
  KRPC_TEXT_LIMIT,
  type KrpcError,
  type KrpcMessage,
  type KrpcMethod,
  type KrpcQuery,
  type KrpcResponse,
  type MutableFields,
  type OtherQuery,
  type PingQuery,
  type PutQuery,
  SALT_LIMIT_BYTES,
  signedBytes,
  type TargetQuery,
  TOKEN_LIMIT_BYTES,
  TRANSACTION_LIMIT_BYTES,
  type Want,
} from './krpc.ts'
export { decodeKrpc } from './krpc-decode.ts'
export { encodeKrpc } from './krpc-encode.ts'
export { KrpcScanner, type ScannedKind, type ScannedMethod } from './krpc-scan.ts'
export {
  formatMagnet,
  MAGNET_LIMIT_CHARACTERS,
  MAGNET_LIST_MAX,
  MAGNET_NAME_LIMIT,
  type Magnet,
  type MagnetPeer,
  type MagnetProblem,
  parseMagnet,
} from './magnet.ts'
export {
  HASH_BYTES,
  HASH_REQUEST_MAX,
  layerRequests,
  rootOf,
  type Sha256,
  type TrustedNode,
  treeHeight,
  verifyHashes,
  widthFor,
} from './merkle.ts'
export {
  BLOCK_LIMIT_BYTES,
  EXTENDED_LIMIT_BYTES,
  HASHES_MAX,
  type HashRange,
  MESSAGE,
  MESSAGE_LIMIT_BYTES,
  type MessageVisitor,
  PROOF_LAYERS_MAX,
} from './message.ts'
export {
  writeBitfield,
  writeCancel,
  writeExtended,
  writeHashes,
  writeHashReject,
  writeHashRequest,
  writeKeepAlive,
  writePieceHead,
  writePieceIndex,
  writePort,
  writeReject,
  writeRequest,
  writeSignal,
} from './message-write.ts'
export {
  BLOCK_BYTES,
  FILES_MAX,
  fileIndexAt,
  INFO_LIMIT_BYTES,
  type Metainfo,
  type MetainfoFile,
  type MetainfoSources,
  PATH_LIMIT_BYTES,
  PATH_PARTS_MAX,
  PIECE_SIZE_LIMIT_BYTES,
  PIECES_MAX,
  pieceSizeAt,
  TORRENT_FILE_LIMIT_BYTES,
} from './metainfo.ts'
export { parseInfo, parseTorrentFile } from './metainfo-parse.ts'
export {
  type InitiatorOptions,
  MSE_PADDING_LIMIT_BYTES,
  MSE_PAYLOAD_LIMIT_BYTES,
  MseInitiator,
  type MseMethod,
  MseReceiver,
  type MseSession,
  type MseStep,
  type MseTools,
  type ReceiverOptions,
  SkeyTable,
} from './mse.ts'
export {
  bigIntKeyExchange,
  type KeyExchange,
  MSE_KEY_BYTES,
  MSE_SECRET_BYTES,
  msePrime,
} from './mse-keys.ts'
export { decodePex, encodePex, PEX_PEERS_MAX, type PexMessage, type PexPeer } from './pex.ts'
export { Rc4 } from './rc4.ts'
