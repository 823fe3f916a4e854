import type { ComponentType, ReactNode } from 'react';

export type TableRow = Readonly<Record<string, string>>;

/** The part of ink-table's interface that is used here; its own types name a JSX namespace that React 19 dropped. */
export interface TableProps {
  readonly data: readonly TableRow[];
  readonly columns: readonly string[];
  readonly padding?: number;
  readonly cell: ComponentType<{ readonly column: number; readonly children?: ReactNode }>;
  readonly header: ComponentType<{ readonly children?: ReactNode }>;
  readonly skeleton: ComponentType<{ readonly children?: ReactNode }>;
}
export type TableComponent = ComponentType<TableProps>;
