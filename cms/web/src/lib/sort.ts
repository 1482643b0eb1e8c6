/** Columns of a table: how to read a cell, for sorting and for the file. */

export interface Column<T> {
  id: string;
  title: string;
  read: (item: T) => string | number | null;
  num?: boolean;
}

/** The address writes an order as "age" or "-age"; unknown values go last either way. */
export function sorted<T>(items: T[], columns: Column<T>[], order: string | null): T[] {
  const down = order?.startsWith('-') ?? false;
  const column = columns.find((c) => c.id === order?.replace('-', '')) ?? columns[0]!;
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...items].sort((a, b) => {
    const [x, y] = [column.read(a), column.read(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const by = typeof x === 'number' && typeof y === 'number' ? x - y : compare(String(x), String(y));
    return down ? -by : by;
  });
}
