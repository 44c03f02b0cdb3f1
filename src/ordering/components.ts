/**
 * The wins between a block's entries form a directed graph. Its strongly connected components are laid
 * out by repeatedly taking, among those without a predecessor left, the one with the smallest batch id
 * (protocol section 7). A component of more than one batch is a Condorcet cycle.
 *
 * Nodes are numbers from 0 in ascending order of their batch ids, so the smaller id is the smaller
 * number. Nothing recurses: a chain may be thousands of nodes long.
 */

/** Successors of each node. */
export type Graph = readonly (readonly number[])[];

/** Component of each node, numbered from 0 (Tarjan 1972, with an explicit stack). */
export function componentOfNodes(graph: Graph): { component: Int32Array; count: number } {
  const size = graph.length;
  const component = new Int32Array(size).fill(-1);
  const found = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const nextEdge = new Int32Array(size);
  const open: number[] = [];
  const path: number[] = [];
  let count = 0;
  let clock = 0;
  const enter = (node: number): void => {
    found[node] = clock;
    low[node] = clock++;
    open.push(node);
    path.push(node);
  };
  const leave = (node: number): void => {
    path.pop();
    const parent = path[path.length - 1];
    if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
    if (low[node] !== found[node]) return;
    let member: number;
    do {
      member = open.pop()!;
      component[member] = count;
    } while (member !== node);
    count += 1;
  };
  for (let start = 0; start < size; start++) {
    if (found[start] !== -1) continue;
    enter(start);
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      const next = graph[node]![nextEdge[node]!++];
      if (next === undefined) leave(node);
      else if (found[next] === -1) enter(next);
      else if (component[next] === -1) low[node] = Math.min(low[node]!, found[next]!);
    }
  }
  return { component, count };
}

/** A binary heap of numbers, smallest first. */
class Heap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (items[parent]! <= item) break;
      items[i] = items[parent]!;
      i = parent;
    }
    items[i] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child += 1;
      if (items[child]! >= last) break;
      items[i] = items[child]!;
      i = child;
    }
    items[i] = last;
    return top;
  }
}

/** The components in the order of section 7, the members of each ascending. */
export function layout(graph: Graph): number[][] {
  const { component, count } = componentOfNodes(graph);
  const members: number[][] = Array.from({ length: count }, () => []);
  // Nodes are visited ascending, so the first member of a component is its smallest.
  for (let node = 0; node < graph.length; node++) members[component[node]!]!.push(node);
  const predecessors = new Int32Array(count);
  graph.forEach((successors, node) => {
    for (const next of successors)
      if (component[next] !== component[node]) predecessors[component[next]!]! += 1;
  });
  const ready = new Heap();
  for (let i = 0; i < count; i++) if (predecessors[i] === 0) ready.push(members[i]![0]!);
  const result: number[][] = [];
  for (let smallest = ready.pop(); smallest !== undefined; smallest = ready.pop()) {
    const taken = members[component[smallest]!]!;
    result.push(taken);
    for (const node of taken)
      for (const next of graph[node]!) {
        const other = component[next]!;
        if (other === component[node]) continue;
        predecessors[other]! -= 1;
        if (predecessors[other] === 0) ready.push(members[other]![0]!);
      }
  }
  return result;
}
