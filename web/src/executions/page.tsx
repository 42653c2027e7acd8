import { useEffect, useState } from "preact/hooks";
import { api, send } from "../api/client.ts";
import type { Problem } from "../api/problem.ts";
import type { components } from "../api/schema.d.ts";
import { Empty, Failed, Loading } from "../parts/states.tsx";

type Listed = components["schemas"]["ExecutionPage"];

/** The caller's executions, newest first. */
export default function Executions() {
  const [page, setPage] = useState<Listed | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = () => {
    setProblem(null);
    send(api.GET("/api/v1/executions")).then(setPage, setProblem);
  };
  useEffect(load, []);
  if (problem) return <Failed problem={problem} onRetry={load} />;
  if (!page) return <Loading />;
  return (
    <>
      <h1>Executions</h1>
      {page.items.length === 0 ? <Empty title="There are no executions yet" /> : <Table page={page} />}
    </>
  );
}

function Table({ page }: { page: Listed }) {
  return (
    <div class="table-frame">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">Language</th>
            <th scope="col">State</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((each) => (
            <tr key={each.id}>
              <td>
                <code>{each.id}</code>
              </td>
              <td>{each.language}</td>
              <td>{each.state}</td>
              <td>{each.outcome}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
