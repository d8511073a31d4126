import { StatusMark } from "../../parts/status_mark";
import { texts } from "../../texts";
import type { ImportSummary } from "./import_record";

/** The status of an import. A send that is pending selects contacts; an import waits for its file. */
export function ImportStatus({ record }: { record: ImportSummary }) {
  return record.status === "pending" ? <StatusMark status="pending" text={texts.imports.pending} /> : <StatusMark status={record.status} />;
}
