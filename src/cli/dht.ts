// `torrent-live dht`: what a DHT node can do, as commands.
import { Command, CommanderError } from 'commander'
import * as actions from './dht-actions.ts'
import { type DhtWords, openNode, withDhtOptions } from './dht-options.ts'
import { outputTo } from './dht-output.ts'
import { withStopSignal } from './stop-signal.ts'
import { readPort } from './values.ts'

/** @returns the exit code: 0 done or stopped, 1 nothing found or nobody answered, 2 wrong usage. */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0
  const command = dhtCommand(result => {
    code = result
  }).name('torrent-live dht')
  try {
    await command.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and mistakes have been printed already.
    return error.exitCode === 0 ? 0 : 2
  }
}

/** @param ended hears the exit code of the command that ran. */
export function dhtCommand(ended: (code: number) => void = () => {}): Command {
  const dht = new Command('dht').description('Speak with the DHT: peers, items, nodes.')
  dht.exitOverride()
  const add = (usage: string, description: string) => {
    const command = withDhtOptions(dht.command(usage).description(description))
    return command.allowExcessArguments(false).exitOverride()
  }
  /** An action with one argument, a node of its own, and Ctrl-C. */
  const running =
    <Words extends DhtWords>(act: actions.Action<Words>, isServing = false) =>
    async (word: string, words: Words) => {
      const output = outputTo(text => process.stdout.write(text), words.json === true)
      const code = await withStopSignal(async signal => {
        await using node = await openNode(words, isServing, signal)
        // Awaited here: the node closes when this function returns.
        return await act({ node, output, signal, word, words }).catch(error => {
          if (signal.aborted) return 0
          throw error
        })
      })
      ended(code)
    }
  const alone =
    <Words extends DhtWords>(act: actions.Action<Words>, isServing = false) =>
    (words: Words) =>
      running(act, isServing)('', words)

  add('ping <host:port>', 'ask one node for a sign of life').action(running(actions.ping))
  add('find <key>', 'the nodes nearest to a 40-digit key').action(running(actions.find))
  add('peers <infohash>', 'peers of a torrent, as they are found').action(running(actions.peers))
  add('announce <infohash>', 'announce this machine as a peer, and check that it is kept')
    .option('--peer-port <number>', 'where the peer listens (default: the UDP port)', readPort)
    .option('--seed', 'say that it has the whole torrent')
    .action(running(actions.announce))
  add('get <target>', 'an item: a 40-digit target, or the 64-digit key of a mutable one')
    .option('--salt <text>', 'the salt of a mutable item')
    .action(running(actions.get))
  add('put <text>', 'store a text; with --key a mutable item')
    .option('--key <file>', 'the secret key (made and kept there if the file is missing)')
    .option('--salt <text>', 'the salt of a mutable item')
    .option('--sequence <number>', 'its sequence number (default: one more than what is there)')
    .option('--cas <number>', 'store only over this sequence number')
    .option('--keep', 'store it again every hour until Ctrl-C')
    .action(running(actions.put))
  add('scrape <infohash>', 'how many peers a torrent has').action(running(actions.scrape))
  add('sample [key]', 'infohashes that nodes near a key keep').action(running(actions.sample))
  add('run', 'a plain DHT node that serves others, until Ctrl-C').action(alone(actions.serve, true))
  add('status', 'the table, the external address, the size of the network').action(
    alone(actions.status),
  )
  return dht
}
