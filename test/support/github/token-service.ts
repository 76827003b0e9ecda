import { randomBytes, randomUUID } from 'node:crypto'
import { exportJWK, type GenerateKeyPairResult, SignJWT } from 'jose'
import { ApiError, type Inside } from './emulated.ts'
import { TOKEN_SERVICE } from './front-door.ts'

/** What a token says about the job that asked for it. */
export type Claims = Readonly<Record<string, string>>

/** What the runner puts into the environment of a job that has `id-token: write`. */
export type TokenRequest = { readonly url: string; readonly token: string }

/** The issuer of the tokens by which a job proves what it is. */
export type TokenService = {
  readonly issuer: string
  /** Lets a job ask for tokens with these claims. */
  readonly allow: (claims: Claims) => TokenRequest
  /** Signs a token with the issuer's key, for tests of what a verifier must refuse. */
  readonly sign: (claims: Readonly<Record<string, unknown>>) => Promise<string>
}

const LIFETIME_SECONDS = 300

/** Issues OpenID Connect tokens as GitHub Actions does; the emulator issues none. */
export function addTokenService(
  { app, url }: Inside,
  { publicKey, privateKey }: GenerateKeyPairResult,
): TokenService {
  const issuer = `${url}${TOKEN_SERVICE}`
  const kid = randomUUID()
  const jobs = new Map<string, Claims>()
  const sign: TokenService['sign'] = (claims) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .sign(privateKey)

  app.get(`${TOKEN_SERVICE}/.well-known/openid-configuration`, (context) =>
    context.json({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    }),
  )
  app.get(`${TOKEN_SERVICE}/.well-known/jwks`, async (context) =>
    context.json({ keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }] }),
  )
  app.get(`${TOKEN_SERVICE}/request`, async (context) => {
    const bearer = context.req.header('authorization')?.replace(/^bearer /i, '') ?? ''
    const claims = jobs.get(bearer)
    if (!claims) throw new ApiError(401, 'Unauthorized')
    const now = Math.floor(Date.now() / 1000)
    const audience =
      context.req.query('audience') ?? `https://github.com/${claims.repository_owner}`
    const value = await sign({
      ...claims,
      iss: issuer,
      aud: audience,
      jti: randomUUID(),
      nbf: now,
      iat: now,
      exp: now + LIFETIME_SECONDS,
    })
    return context.json({ count: value.length, value })
  })

  return {
    issuer,
    sign,
    allow: (claims) => {
      const token = randomBytes(24).toString('base64url')
      jobs.set(token, claims)
      return { url: `${issuer}/request?api-version=2.0`, token }
    },
  }
}
