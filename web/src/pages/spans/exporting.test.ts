import {expect, test} from 'vitest';
import {csvCell, csvHead} from './exporting';

test('a cell is quoted where it must be, and never a formula', () => {
  expect(csvCell('plain')).toBe('plain');
  expect(csvCell('a,"b"\nc')).toBe('"a,""b""\nc"');
  expect(csvCell('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
  expect(csvCell('-1+1')).toBe("'-1+1");
  expect(csvCell(-1)).toBe('-1');
  expect(csvCell(null)).toBe('');
  expect(csvCell(['a', 'b'])).toBe('"a, b"');
  expect(csvHead.endsWith('\r\n')).toBe(true);
});
