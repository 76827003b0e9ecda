/**
 * The statements of a script as the `mysql` client would send them: `DELIMITER` lines are obeyed and not sent,
 * and a delimiter inside of quotes or comments ends nothing.
 */
export function splitScript(script: string): readonly string[] {
  const statements: string[] = []
  let delimiter = ';'
  let from = 0
  let at = 0
  const end = (skip: number) => {
    const statement = script.slice(from, at).trim()
    if (withoutComments(statement) !== '') statements.push(statement)
    at += skip
    from = at
  }
  while (at < script.length) {
    const rest = script.slice(at)
    const command = script.slice(from, at).trim() === '' ? /^delimiter\s+(\S+).*/i.exec(rest) : null
    if (command) {
      delimiter = command[1] ?? delimiter
      at += command[0].length
      from = at
    } else if (rest.startsWith(delimiter)) {
      end(delimiter.length)
    } else {
      at += lengthOfUnit(rest)
    }
  }
  end(0)
  return statements
}

/** A quoted text or a comment as a whole, else one character. */
const UNIT =
  /^(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|--\s[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/

function lengthOfUnit(rest: string): number {
  return UNIT.exec(rest)?.[0].length ?? 1
}

function withoutComments(statement: string): string {
  return statement.replace(/--\s[^\n]*|#[^\n]*/g, '').trim()
}
