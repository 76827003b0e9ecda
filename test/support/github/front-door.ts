import type { Inside } from './emulated.ts'

/** Where the token service answers; what it is shown there are not tokens of the API. */
export const TOKEN_SERVICE = '/_services/token'

/**
 * Treats requests as GitHub does before they reach a route: the API also answers under /api/v3, a request
 * without a body is one, and a token that nobody issued is refused (the emulator takes it for its first user).
 *
 * An answer leaves only after `settled`: what a push changes elsewhere has then been changed.
 */
export function openFrontDoor({ app, tokens }: Inside, settled: () => Promise<void>): void {
  const route = app.fetch
  app.fetch = async (request) => {
    const url = new URL(request.url)
    url.pathname = url.pathname.replace(/^\/api\/v3(?=\/)/, '')
    if (!url.pathname.startsWith(TOKEN_SERVICE) && !isKnown(request.headers, tokens)) {
      return Response.json({ message: 'Bad credentials', status: '401' }, { status: 401 })
    }
    const response = await route(await withBody(request, url))
    await settled()
    return response
  }
}

/** A JSON web token is checked by the routes that take one. */
function isKnown(headers: Headers, tokens: ReadonlyMap<string, unknown>): boolean {
  const token = headers.get('authorization')?.replace(/^(bearer|token)\s+/i, '')
  return token === undefined || token.startsWith('eyJ') || tokens.has(token)
}

async function withBody(request: Request, url: URL): Promise<Request> {
  const { method, headers } = request
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
  const body = await request.arrayBuffer()
  return new Request(url, { method, headers, body: body.byteLength === 0 ? '{}' : body })
}
