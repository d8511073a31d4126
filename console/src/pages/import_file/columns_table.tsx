import { useFields } from "../../api/queries";
import { formatNumber } from "../../format";
import { own } from "../../own";
import { fieldLabel } from "../../parts/field_label";
import { Isolated } from "../../parts/isolated";
import { texts } from "../../texts";
import type { Check } from "./check_file";
import { hasIdentity } from "./start_import";
import type { Columns } from "./start_import";

const MOST_EXAMPLES = 2;

interface Properties {
  columns: Columns;
  check: Check;
  onChange: (columns: Columns) => void;
}

/** The columns of the file beside the fields that they go into. Those that nobody imports are folded away. */
export function ColumnsTable(properties: Properties) {
  const headings = Object.keys(properties.columns);
  // As it was when the file was checked: the table does not move while somebody selects.
  const isShown = (heading: string) => properties.check.unknown.has(heading) || Boolean(own(properties.check.options.columns ?? {}, heading));
  const used = headings.filter(isShown);
  const unused = headings.filter((heading) => !isShown(heading));
  return (
    <section>
      <h2>{texts.importFile.columns}</h2>
      <p>{texts.importFile.columnsHint}</p>
      {properties.check.record && <Missing columns={properties.columns} />}
      {used.length > 0 && <Table {...properties} headings={used} />}
      {unused.length > 0 && (
        <details open={used.length === 0}>
          <summary>{texts.importFile.unused(formatNumber(unused.length))}</summary>
          <Table {...properties} headings={unused} />
        </details>
      )}
    </section>
  );
}

/** What a person should know of the columns as they are selected now. */
function Missing({ columns }: { columns: Columns }) {
  if (!hasIdentity(columns)) return <p class="warning">{texts.importFile.noIdentity}</p>;
  return Object.values(columns).includes("SMS") ? null : <p class="warning">{texts.importFile.noNumbers}</p>;
}

function Table({ headings, columns, check, onChange }: Properties & { headings: string[] }) {
  return (
    <table class="mapping">
      <thead>
        <tr>
          <th scope="col">{texts.importFile.column}</th>
          <th scope="col">{texts.importFile.field}</th>
        </tr>
      </thead>
      <tbody>
        {headings.map((heading) => (
          <tr key={heading}>
            <th scope="row" class="long-text">
              <Isolated text={heading} />
              <Examples values={check.rows.map((row) => own(row.values, heading) ?? "")} />
            </th>
            <td>
              <FieldChoice heading={heading} field={own(columns, heading) ?? null} onChange={(field) => onChange({ ...columns, [heading]: field })} />
              <Note heading={heading} field={own(columns, heading) ?? null} check={check} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the reader has selected needs no advice any more. */
function Note({ heading, field, check }: { heading: string; field: string | null; check: Check }) {
  if (check.suggested.has(heading)) return <small>{texts.importFile.suggested}</small>;
  return check.unknown.has(heading) && field === null ? <small>{texts.importFile.unknown}</small> : null;
}

function Examples({ values }: { values: string[] }) {
  const examples = [...new Set(values.filter(Boolean))].slice(0, MOST_EXAMPLES);
  return examples.length > 0 ? <small>{examples.map((value, index) => <>{index > 0 && ", "}<Isolated text={value} /></>)}</small> : null;
}

function FieldChoice({ heading, field, onChange }: { heading: string; field: string | null; onChange: (field: string | null) => void }) {
  // The chosen field is there before the site's fields are read.
  const names = [...new Set(["name", field ?? "name", ...(useFields().data ?? []).map((entry) => entry.name), "isOptedOut"])];
  return (
    <select aria-label={texts.importFile.fieldOf(heading)} onChange={(event) => onChange(event.currentTarget.value || null)}>
      <option value="" selected={field === null}>{texts.importFile.ignore}</option>
      {names.map((name) => <option key={name} value={name} selected={name === field}>{fieldLabel(name)}</option>)}
    </select>
  );
}
