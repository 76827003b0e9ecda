import { describe, expect, test } from 'vitest'
import { splitScript } from '../../../src/schema/migrations/split.ts'

function split(text: string, whole: readonly { start: number; end: number }[] = []) {
  return splitScript({ file: '1.sql', text, whole }).map((statement) => statement.text)
}

describe('splitScript', () => {
  test('parts statements at semicolons, and says where each begins', () => {
    const text = "DROP TABLE a;; -- ;\n  INSERT INTO b VALUES (';');\n/* ; */ DROP TABLE `c;`"

    const statements = splitScript({ file: '1.sql', text, whole: [] })

    expect(statements.map(({ line, column, text: sql }) => [line, column, sql])).toEqual([
      [1, 1, 'DROP TABLE a'],
      [2, 3, "INSERT INTO b VALUES (';')"],
      [3, 9, 'DROP TABLE `c;`'],
    ])
  })

  test.each([
    ['//', 'END//'],
    ['$$', 'END$$'],
    [';;', 'END;;'],
  ])('follows DELIMITER %s as clients do', (delimiter, end) => {
    const text = `DROP TABLE a;\nDELIMITER ${delimiter}\nCREATE PROCEDURE p() BEGIN SELECT 1; ${end}\ndelimiter ;\nDROP TABLE b;`

    expect(split(text)).toEqual([
      'DROP TABLE a',
      'CREATE PROCEDURE p() BEGIN SELECT 1; END',
      'DROP TABLE b',
    ])
  })

  test('keeps the body of a routine whole without DELIMITER', () => {
    const routine = `CREATE DEFINER=root@localhost PROCEDURE p()
BEGIN
  IF 1 THEN SELECT IF(1, 2, 3); ELSEIF 2 THEN SELECT 1; END IF;
  CASE WHEN 1 THEN SELECT CASE 1 WHEN 1 THEN 2 END; END CASE;
  l: LOOP REPEAT SELECT REPEAT('x', 2); UNTIL 1 END REPEAT; END LOOP;
  WHILE 1 DO SELECT 1; END WHILE;
END`
    const trigger = 'CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW UPDATE u SET a = 1'

    expect(split(`${routine};\n${trigger};\nDROP TABLE b;`)).toEqual([
      routine,
      trigger,
      'DROP TABLE b',
    ])
  })

  test('takes a range that is one statement for one', () => {
    const text = 'DROP TABLE a;\nX 1; Y 2;\nDROP TABLE b;'

    expect(split(text, [{ start: 14, end: 24 }])).toEqual([
      'DROP TABLE a',
      'X 1; Y 2',
      'DROP TABLE b',
    ])
  })

  test('stays quick whatever the text', () => {
    const lines = ['DELIMITER x ', '-- +goose ', 'BEGIN', '/*!40101 SET @OLD_CHARACTER_SET_CLIENT ']

    for (const line of lines) {
      const text = `${line}${' '.repeat(400_000)}${'a;'.repeat(50_000)}`
      // An answer or a refusal, either within the time of a test.
      expect(() => {
        try {
          split(text)
        } catch (error) {
          expect(error).toHaveProperty('code')
        }
      }).not.toThrow()
    }
  })
})
