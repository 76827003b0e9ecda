import { describe, expect, test } from 'vitest'
import { isHarmless } from '../../src/forecast/harmless.ts'
import { parseTable } from '../../src/schema/parse.ts'

const TABLE = parseTable(
  'CREATE TABLE `t` (\n  `a` int DEFAULT NULL,\n  `sleep` int DEFAULT NULL\n) ENGINE=InnoDB',
)

describe('isHarmless', () => {
  test.each([
    '(`a` > 0)',
    "((`a` between 1 and 9) or (`a` is null) or (lower(`a`) in (_utf8mb4'x','y')))",
    '(case when `a` then 1 else 0 end)',
    '(not((`a` <=> 3)) and `sleep` = 1)',
  ])('lets an expression compute: %s', (expression) => {
    expect(isHarmless(expression, TABLE)).toBe(true)
  })

  test.each([
    '(sleep(10))',
    '(`sleep`(10))',
    '(benchmark(1000000000, md5(1)))',
    '(a > (select count(*) from mysql.user))',
    '(`other` > 0)',
    '(`t`.`a` > 0)',
    '(@a := 1)',
    '(@@version > 0)',
    "(load_file('/etc/passwd'))",
    '(get_lock(1, 2))',
    '(a > 0); drop table t',
    '(a > 0) /*! union select 1 */',
    '(a > 0) -- x',
    '(a) , (a)',
    'a) or (a',
    '(a',
    '(a into outfile 1)',
    '(f(a))',
  ])('FORECAST-2: does not let it reach further: %s', (expression) => {
    expect(isHarmless(expression, TABLE)).toBe(false)
  })
})
