import { formatNumber } from "../../format";
import { texts } from "../../texts";
import type { Import } from "./import_record";

/** What an import has done, or would do, in words. Each row of the file is in one of the four counts. */
export function Counts({ record }: { record: Import }) {
  const words = record.dryRun ? texts.importFile : texts.import;
  const counts: [text: string, count: number][] = [
    [words.created, record.createdCount],
    [words.updated, record.updatedCount],
    [words.skipped, record.skippedCount],
    [words.failed, record.failedCount],
  ];
  return (
    <dl class="counts">
      {counts.map(([text, count]) => (
        <div key={text}>
          <dt>{text}</dt>
          <dd>{formatNumber(count)}</dd>
        </div>
      ))}
    </dl>
  );
}
