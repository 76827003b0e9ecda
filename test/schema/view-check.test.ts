import { describe, expect, test } from 'vitest'
import { checkCanonical, checkSchemaFile } from '../../src/schema/file/allow-list.ts'

describe('checkSchemaFile, of views', () => {
  test.each([
    'CREATE VIEW v AS SELECT id, t.a FROM t WHERE a > 1',
    'create or replace algorithm = merge sql security invoker view if not exists `v` (a, b) as select 1, 2',
    'CREATE SQL SECURITY DEFINER VIEW v AS SELECT x.* FROM t AS x, u WITH LOCAL CHECK OPTION',
    'CREATE VIEW v AS WITH c (n) AS (SELECT 1) SELECT n FROM c JOIN t USING (n) ORDER BY c.n, t.a',
    'CREATE VIEW v AS (SELECT a.id FROM t a) UNION (SELECT id FROM (u))',
    'CREATE VIEW v AS SELECT EXTRACT(YEAR FROM t.d), TRIM(BOTH t.a FROM t.b) FROM t',
    'CREATE VIEW v AS SELECT STRAIGHT_JOIN t.a FROM t USE INDEX FOR ORDER BY (k)',
    'CREATE VIEW v AS SELECT `table`, `into` FROM t',
  ])('takes %s', (text) => {
    const [view] = checkSchemaFile(text, 'v.sql')
    expect(view).toMatchObject({ kind: 'view', name: 'v', line: 1 })
    expect(view?.statement).toHaveLength(text.length)
    expect(view?.statement).not.toMatch(/or replace|if not exists/i)
  })

  test.each([
    ['CREATE DEFINER = root VIEW v AS SELECT 1', 'a definer'],
    ['CREATE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW v AS SELECT 1', 'a definer'],
    ['CREATE VIEW shop.v AS SELECT 1', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM t, mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM t JOIN u ON t.a = u.a, mysql . user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM (t, (mysql.user))', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM t PARTITION (p), mysql.user', 'a name with a dot'],
    [
      'CREATE VIEW v AS SELECT * FROM t USE INDEX FOR ORDER BY (k), mysql.user',
      'a name with a dot',
    ],
    ['CREATE VIEW v AS SELECT * FROM t FOR SYSTEM_TIME ALL, mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM t STRAIGHT_JOIN `mysql`.`user`', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT 1 UNION SELECT Host FROM mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT (SELECT Host FROM mysql.user LIMIT 1)', 'a name with a dot'],
    ['CREATE VIEW v AS WITH c AS (SELECT 1 FROM mysql.user) SELECT 1 FROM c', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT u.* FROM d JOIN e ON d.for JOIN mysql.user u', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT 1 AS window FROM mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT 1 AS intersect FROM mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT 1 FROM d JOIN e ON window, mysql.user', 'a name with a dot'],
    ['CREATE VIEW v AS WITH sleep (a) AS (SELECT 1) SELECT sleep(9)', 'a call of SLEEP'],
    ['CREATE VIEW v AS SELECT mysql.user.Host FROM t', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT sys.format_time(1)', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM .t', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM { OJ mysql.user LEFT JOIN t ON 1 }', 'a brace'],
    ['CREATE VIEW v AS TABLE t', 'the word TABLE'],
    ['CREATE VIEW v AS SELECT 1 UNION TABLE t', 'the word TABLE'],
    ["CREATE VIEW v AS SELECT a INTO OUTFILE '/x' FROM t", 'a query that writes'],
    ['CREATE VIEW v AS SELECT @a', 'a variable'],
    ['CREATE VIEW v AS SELECT @@version', 'a variable'],
    ['CREATE VIEW v AS SELECT sleep(9)', 'a call of SLEEP'],
    ['CREATE VIEW v AS SELECT LOAD_FILE(a) FROM t', 'a call of LOAD_FILE'],
    ['CREATE VIEW v AS SELECT a FROM t WHERE (SELECT get_lock(a, 9))', 'a call of GET_LOCK'],
    ['CREATE VIEW v AS SELECT `f`(a) FROM t', 'a call of a stored function'],
    ['CREATE VIEW v AS SELECT NEXT VALUE FOR s', 'a sequence'],
    ['CREATE VIEW v AS SELECT NEXTVAL(s)', 'a call of NEXTVAL'],
    ['CREATE VIEW v AS SELECT 1 /*!50000 , sleep(9) */', 'an executable comment'],
    ['CREATE VIEW v AS VALUES ROW(1)', 'a view without a query'],
    ['CREATE VIEW v', 'a view without a query'],
    ['CREATE VIEW', 'a view without a name'],
    ['CREATE VIEW v__xf_new_abc123 AS SELECT 1', 'a name that deployments use themselves'],
    ['CREATE TABLE v (a INT); CREATE VIEW v AS SELECT 1', 'already defined at v.sql:1'],
  ])('refuses %s', (text, what) => {
    expect(() => checkSchemaFile(text, 'v.sql')).toThrow(what)
    expect(() => checkSchemaFile(text, 'v.sql')).toThrow(/^v\.sql:1:\d+: /)
  })
})

describe('checkCanonical, of views', () => {
  test('takes what a server prints', () => {
    const text =
      'CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v` (`a`) AS\nselect\n  `t`.`a` AS `a`\nfrom (`t` join `u` on(`t`.`id` = `u`.`id`)) WITH CASCADED CHECK OPTION'

    expect(() => checkCanonical(text, 'v')).not.toThrow()
  })

  test.each([
    ['select 1 AS `a` from `t` /*!99999 where */ ,`mysql`.`user`', 'an executable comment'],
    ['select 1 AS `a` from `t` /*M!999999 where */ ,`mysql`.`user`', 'an executable comment'],
    ['select 1 AS `a` from `t`,`mysql`.`user`', 'a name with a dot'],
    ['select `f`(1) AS `a`', 'a call of a stored function'],
    ['select 1 AS `a` from t.u', 'a name with a dot'],
    ['select 1 AS `a` from (`t` join orders)', 'a table without quotes'],
    ['select t.`a` AS `a` from `t`', 'a name with a dot'],
    ['select `t`.a AS `a` from `t`', 'a name with a dot'],
    ['select 1 AS `a`; CREATE VIEW `w` AS select 2', 'a second statement'],
  ])('refuses what the Action could send instead: %s', (query, what) => {
    expect(() => checkCanonical(`CREATE VIEW \`v\` AS\n${query}`, 'v')).toThrow(what)
  })

  test('refuses the definition of another name', () => {
    expect(() => checkCanonical('CREATE VIEW `w` AS\nselect 1', 'v')).toThrow('another name')
    expect(() => checkCanonical('CREATE TABLE `w` (\n  `a` int\n)', 'v')).toThrow('another name')
  })
})
