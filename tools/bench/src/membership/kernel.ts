/** What the kernel counts for the whole machine. Linux only. */
import { readFileSync } from "node:fs"
import { cpus, loadavg } from "node:os"
import { setTimeout as delay } from "node:timers/promises"

/** UDP datagrams of the whole machine. */
export interface UdpCounters {
  readonly out: number
  /** Lost because nobody took them from a socket in time. */
  readonly bufferErrors: number
}

/** UDP counters of this network namespace, from the text of `/proc/net/snmp`. */
export const udpCounters = (text = readFileSync("/proc/net/snmp", "utf8")): UdpCounters => {
  const [names = [], values = []] = text
    .split("\n")
    .filter((line) => line.startsWith("Udp:"))
    .map((line) => line.split(" "))
  const value = (name: string): number => Number(values[names.indexOf(name)])
  return { out: value("OutDatagrams"), bufferErrors: value("RcvbufErrors") }
}

/** Ticks of all CPUs from the first line of `/proc/stat`: all, and those in which one had nothing to do. */
export const cpuTicks = (text = readFileSync("/proc/stat", "utf8")) => {
  const ticks = (text.split("\n", 1)[0] ?? "").split(/\s+/).slice(1, 9).map(Number)
  return { all: ticks.reduce((sum, one) => sum + one, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) }
}

/** How busy others keep the machine, before a run adds its own load. */
export interface MachineLoad {
  /** Share of all CPUs over a second, 0 to 1. */
  readonly busyShare: number
  /** Load average of the last minute, which remembers earlier runs. */
  readonly loadAverage: number
}

/** Looks at the machine for a second. */
export const machineLoad = async (): Promise<MachineLoad> => {
  const before = cpuTicks()
  await delay(1000)
  const after = cpuTicks()
  return {
    busyShare: 1 - (after.idle - before.idle) / (after.all - before.all),
    loadAverage: loadavg()[0] ?? Number.NaN
  }
}

/** The machine in a few words. */
export const machineName = (): string => {
  const processors = cpus()
  return `${processors.length} x ${processors[0]?.model ?? "CPU"}, Node.js ${process.version}`
}
