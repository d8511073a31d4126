import { formatNumber } from "../../format";
import { Isolated } from "../../parts/isolated";
import { texts } from "../../texts";
import { warningsOf } from "./import_record";
import type { Import, ImportWarning } from "./import_record";
import { PlainWords } from "./plain_words";

const MOST_ROWS = 5;
const MOST_GROUPS = 50;

/** What was read differently from how it is written; equal warnings stand together. */
export function Warnings({ record }: { record: Import }) {
  if (record.warningCount === 0) return null;
  const groups = groupEqual(warningsOf(record));
  return (
    <section>
      <h2>{texts.import.warnings(formatNumber(record.warningCount))}</h2>
      <p>{texts.import.warningsHint}</p>
      <ul class="warnings">
        {groups.slice(0, MOST_GROUPS).map((group, index) => <Warning key={index} group={group} />)}
      </ul>
      {groups.length > MOST_GROUPS && <p>{texts.import.firstRows(formatNumber(MOST_GROUPS))}</p>}
    </section>
  );
}

function Warning({ group }: { group: ImportWarning[] }) {
  const { column, message } = group[0]!;
  return (
    <li>
      <strong>{placeText(group.map((warning) => warning.row))}{column && <>, <Isolated text={column} /></>}</strong>: <PlainWords message={message} />
    </li>
  );
}

function groupEqual(warnings: ImportWarning[]): ImportWarning[][] {
  const groups = new Map<string, ImportWarning[]>();
  for (const warning of warnings) {
    const key = `${warning.column}\n${warning.message}`;
    const group = groups.get(key);
    if (group) group.push(warning);
    else groups.set(key, [warning]);
  }
  return [...groups.values()];
}

/** Row 1 is the header, and stands for the file as a whole. */
function placeText(rows: number[]): string {
  if (rows[0] === 1) return texts.import.wholeFile;
  const shown = rows.slice(0, MOST_ROWS).map(formatNumber).join(", ");
  if (rows.length === 1) return texts.import.warningRows(shown);
  return rows.length > MOST_ROWS ? texts.import.warningMany(shown, formatNumber(rows.length - MOST_ROWS)) : texts.import.warningFew(shown);
}
