/** From places in a node's design to lines of the file, or of the change that put them there. */
import type { Loaded } from '../scenarios/load.ts';
import { type Source, showPlace } from '../scenarios/locate.ts';
import { originsOf } from '../scenarios/report/origin.ts';
import type { Path } from '../sim/base/path.ts';
import type { Change } from '../sim/design/change.ts';
import type { Locate } from '../sim/trace/view.ts';

/** A change and the text that it was read from. */
export interface ReadChange {
  readonly change: Change;
  readonly source: Source;
}

/** The line of a path in the file; what lies in the change of a scenario that is in no file is looked up in the change's own. */
export function lineOf(source: Source, change?: ReadChange): (path: Path) => string {
  return (path) => {
    const [list, at, field, ...rest] = path;
    const own = list === 'scenarios' && at === -1 && field === 'change';
    return own && change !== undefined ? showPlace(change.source, rest) : showPlace(source, path);
  };
}

/** Where the places of a network of a file stand (`scenarios.json:57`), those of a change in that change's file. */
export function locatorOf({ file, source }: Loaded, network: string, change?: ReadChange): Locate {
  const scenario = { name: '', network, steps: [], ...(change === undefined ? {} : { change: change.change }) };
  const originate = originsOf(file, scenario)(-1);
  const show = lineOf(source, change);
  return (node, place) => {
    const path = originate(node, place);
    return path === undefined ? undefined : show(path);
  };
}
