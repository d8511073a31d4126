import { own } from "../../own";
import { texts } from "../../texts";
import type { Import } from "./import_record";

/** How a file was read, such as "utf-8, separated by commas". */
export function FileFormat({ record }: { record: Import }) {
  const delimiter = record.delimiter === null ? texts.import.workbook : (own(texts.import.delimiters, record.delimiter) ?? record.delimiter);
  return <>{[record.encoding, delimiter].filter(Boolean).join(", ")}</>;
}
