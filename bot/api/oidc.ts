import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { Refusal } from '../../src/errors.ts'

/** Who a workflow run is, as GitHub signed it. */
export type WorkflowIdentity = {
  readonly repositoryId: number
  readonly ownerId: number
  readonly owner: string
  readonly repo: string
  /** The pull request that the run is for. */
  readonly pullRequest: number
  /** The login that started the run. */
  readonly actor: string
  readonly tokenId: string
  /** After this instant the token is refused anyway, and its id may be forgotten. */
  readonly usableUntil: Date
}

export type OidcOptions = {
  readonly issuer: string
  /** The bot's public URL: a token that was made for somebody else is refused. */
  readonly audience: string
  readonly now: () => Date
}

/** Checks a token and says whose it is. */
export type VerifyToken = (authorization: string | undefined) => Promise<WorkflowIdentity>

const CLOCK_SKEW_SECONDS = 30

/**
 * A verifier for the tokens of one issuer. The keys are fetched when first needed and kept for a while.
 *
 * That a token is used once, and that the repository is one of ours, is for the caller to check.
 */
export function createVerifier({ issuer, audience, now }: OidcOptions): VerifyToken {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`))
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
    if (!token) throw invalid('is missing')
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer,
        audience,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: now(),
        requiredClaims: ['exp', 'nbf', 'jti', 'repository_id', 'repository_owner_id'],
      })
      return readIdentity(payload)
    } catch (error) {
      throw error instanceof errors.JOSEError ? invalid(reasonOf(error), error) : error
    }
  }
}

/** What is wrong with a token, in our words. A verifier that cannot reach the issuer throws as it is. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `has the wrong ${error.claim}`
  // The issuer did not answer as it should: that says nothing about the token.
  if (error.code === 'ERR_JOSE_GENERIC' || error instanceof errors.JWKSTimeout) throw error
  return 'is not signed by the issuer we trust'
}

function readIdentity(claims: JWTPayload): WorkflowIdentity {
  if (claims.event_name !== 'pull_request') throw invalid('is not of a pull_request workflow')
  const pullRequest = /^refs\/pull\/([1-9]\d{0,9})\/merge$/.exec(text(claims, 'ref'))?.[1]
  if (!pullRequest) throw invalid('names no pull request in its ref')
  const [owner = '', repo = ''] = text(claims, 'repository').split('/')
  return {
    repositoryId: id(claims, 'repository_id'),
    ownerId: id(claims, 'repository_owner_id'),
    owner,
    repo,
    pullRequest: Number(pullRequest),
    actor: text(claims, 'actor'),
    tokenId: text(claims, 'jti'),
    usableUntil: new Date(((claims.exp ?? 0) + 2 * CLOCK_SKEW_SECONDS) * 1000),
  }
}

function text(claims: JWTPayload, name: string): string {
  const value = claims[name]
  if (typeof value === 'string' && value !== '' && value.length <= 512) return value
  throw invalid(`has no ${name}`)
}

/** GitHub writes ids as text. */
function id(claims: JWTPayload, name: string): number {
  const value = Number(text(claims, name))
  if (Number.isSafeInteger(value) && value > 0) return value
  throw invalid(`has no ${name} that is a number`)
}

function invalid(what: string, cause?: unknown): Refusal {
  return new Refusal('TOKEN_INVALID', `The workflow's token ${what}.`, {
    next: 'Give the job `permissions: id-token: write` and set `bot-url` to the public URL of the bot.',
    cause,
  })
}
