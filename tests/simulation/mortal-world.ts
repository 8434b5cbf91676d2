import type { Disk, File, World } from '@millrace/world';

/** A world for a program that can be killed while the rest goes on: nothing it waits for happens from then on. */
export interface MortalWorld extends World {
  kill(): void;
  readonly isDead: boolean;
  /** What the dead wait for never comes. */
  alive<Result>(result: Promise<Result>): Promise<Result>;
}

export function mortalWorld(world: World): MortalWorld {
  let isDead = false;
  const alive = async <Result>(result: Promise<Result>): Promise<Result> => {
    const settled = await result.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (isDead) return new Promise(() => undefined);
    if ('error' in settled) throw settled.error;
    return settled.value;
  };
  const wrap = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (isDead) return new Promise(() => undefined);
          return alive(Promise.resolve(member.apply(target, args) as unknown));
        };
      },
    });
  const disk = wrap<Disk>(world.disk);
  return {
    ...world,
    disk: { ...diskOf(disk), open: async (path, mode) => wrap<File>(await disk.open(path, mode)) },
    clock: {
      ...world.clock,
      setTimer: (delayMs, fire) => world.clock.setTimer(delayMs, () => void (isDead || fire())),
    },
    kill: () => void (isDead = true),
    get isDead() {
      return isDead;
    },
    alive,
  };
}

function diskOf(disk: Disk): Disk {
  const { open, list, makeDirectory, exists, stat, remove, rename, syncDirectory, lock, freeBytes } = disk;
  return { open, list, makeDirectory, exists, stat, remove, rename, syncDirectory, lock, freeBytes };
}
