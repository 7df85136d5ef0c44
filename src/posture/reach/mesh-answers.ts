import { PortSet } from '../../net/port-set.ts';
import type { AddressAtoms } from '../../segmentation/address-atoms.ts';
import { type AnswerId, type AnswerTable, answerProtocols } from '../../segmentation/answers.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import type { WorkloadClasses } from '../../segmentation/equivalence.ts';
import type { Mesh } from '../../segmentation/mesh/mesh.ts';
import type { Workload } from '../../segmentation/model.ts';

/**
 * The mesh over classes of workloads: what it leaves of what the policies allow. Classes that the mesh does not tell
 * apart share their answers. Where it carries TCP inside a tunnel, the policies see the tunnel's port alone.
 */
export class MeshAnswers {
  readonly #mesh: Mesh;
  readonly #answers: AnswerTable;
  readonly #classes: WorkloadClasses;
  readonly #atoms: AddressAtoms;
  /** Class of the mesh per class of workloads. */
  readonly #of: Int32Array;
  readonly #count: number;
  /** Answer + 1 per pair of classes of the mesh. */
  readonly #between: Int32Array;
  /** Port that carries TCP per pair, + 1 where it is known that none does. */
  readonly #carriers: Int32Array;
  readonly #outside = new Map<number, AnswerId>();
  readonly #carried = new Map<string, AnswerId>();

  constructor(mesh: Mesh, answers: AnswerTable, classes: WorkloadClasses, atoms: AddressAtoms) {
    this.#mesh = mesh;
    this.#answers = answers;
    this.#classes = classes;
    this.#atoms = atoms;
    const numbers = new Map<string, number>();
    this.#of = Int32Array.from(classes.representatives, (workload) => {
      const key = mesh.signature(workload);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    this.#count = numbers.size;
    this.#between = new Int32Array(this.#count ** 2);
    this.#carriers = new Int32Array(this.#count ** 2);
  }

  /** Returns what is left of `answer` between two classes of workloads. */
  between(from: number, to: number, answer: AnswerId): AnswerId {
    if (answer === this.#answers.none) return answer;
    const at = (this.#of[from] as number) * this.#count + (this.#of[to] as number);
    let own = (this.#between[at] as number) - 1;
    if (own < 0) {
      const destination = this.#classes.representatives[to] as Workload;
      // Inside a class two pods are meant, not one with itself.
      const workload = this.#classes[from === to ? 'seconds' : 'representatives'][from] as Workload;
      const source: Endpoint = { kind: 'workload', workload };
      own = this.#tcp(source, destination);
      this.#between[at] = own + 1;
      this.#carriers[at] = this.#mesh.carrier(source, destination) ?? 0;
    }
    const carrier = this.#carriers[at] as number;
    const seen = carrier === 0 ? answer : this.#inside(carrier, answer);
    return this.#answers.both(seen, own);
  }

  /** Returns what is left of `answer` from an atom of the address space to a class of workloads. */
  fromOutside(atom: number, to: number, answer: AnswerId): AnswerId {
    if (answer === this.#answers.none) return answer;
    const key = atom * this.#count + (this.#of[to] as number);
    let own = this.#outside.get(key);
    if (own === undefined) {
      const address = this.#atoms.atoms[atom]?.sample;
      if (address === undefined) throw new RangeError(`there is no atom ${atom}`);
      own = this.#tcp({ kind: 'external', address }, this.#classes.representatives[to] as Workload);
      this.#outside.set(key, own);
    }
    return this.#answers.both(answer, own);
  }

  #tcp(source: Endpoint, destination: Workload): AnswerId {
    const tcp = this.#mesh.tcpBounds(source, destination);
    const open = { certain: PortSet.all, possible: PortSet.all };
    return this.#answers.ofBounds(answerProtocols.map((protocol) => (protocol === 'TCP' ? tcp : open)));
  }

  /** TCP inside a tunnel: every port or none, as the tunnel's port is allowed. */
  #inside(carrier: number, answer: AnswerId): AnswerId {
    const key = `${carrier}/${answer}`;
    let carried = this.#carried.get(key);
    if (carried === undefined) {
      const all = (allowed: boolean) => (allowed ? PortSet.all : PortSet.empty);
      carried = this.#answers.ofBounds(
        this.#answers
          .bounds(answer)
          .map((own, at) =>
            answerProtocols[at] === 'TCP'
              ? { certain: all(own.certain.contains(carrier)), possible: all(own.possible.contains(carrier)) }
              : own,
          ),
      );
      this.#carried.set(key, carried);
    }
    return carried;
  }
}
