// What a request is refused with: RFC 9457, one sentence that says what to do.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ProblemDetails } from '../api/index.ts'

/** Thrown by whoever answers a request, caught once in `open-server` and once in `app`. */
export class HttpProblem extends Error {
  readonly status: number
  /** Kebab-case and stable, the last part of the problem's `type`. */
  readonly code: string
  readonly headers: OutgoingHttpHeaders

  constructor(status: number, code: string, detail: string, headers: OutgoingHttpHeaders = {}) {
    super(detail)
    this.name = 'HttpProblem'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

export const PROBLEM_MIME = 'application/problem+json'

export function problemDetails(problem: HttpProblem): ProblemDetails {
  return {
    type: `urn:torrent-live:problem:${problem.code}`,
    title: problem.code.replaceAll('-', ' '),
    status: problem.status,
    detail: problem.message,
  }
}

/** An error of ours tells nothing about itself: paths and addresses stay on this side. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  return new HttpProblem(
    500,
    'internal-error',
    'Something went wrong in torrent-live; start it with --verbose and report what it prints.',
  )
}

/** Answers with the problem; a response that has begun can only be cut. */
export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const problem = problemOf(error)
  const body = JSON.stringify(problemDetails(problem))
  response.writeHead(problem.status, {
    ...problem.headers,
    'content-type': PROBLEM_MIME,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
