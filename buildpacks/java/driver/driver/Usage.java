package rfsn.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What /proc says of processes. */
final class Usage {
    private static final double TICKS = 100; // a second: the same on all Linux systems
    private static final Path PROC = Path.of("/proc");

    private Usage() {}

    /** The CPU time of a process, with that of its dead children, in seconds. */
    static double seconds(long pid) {
        try {
            String status = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            String[] fields = status.substring(status.lastIndexOf(')') + 2).split(" ");
            long ticks = 0;
            for (int place = 11; place < 15; place++) {
                ticks += Long.parseLong(fields[place]);
            }
            return ticks / TICKS;
        } catch (IOException | NumberFormatException error) {
            return 0;
        }
    }

    /** Ends every process that has this variable in its environment, whoever its parent is by now. */
    static void sweep(String variable) {
        for (int tries = 0; tries < 100; tries++) {
            List<ProcessHandle> left = carrying(variable);
            if (left.isEmpty()) {
                return;
            }
            left.forEach(ProcessHandle::destroyForcibly);
            try {
                Thread.sleep(1);
            } catch (InterruptedException error) {
                return;
            }
        }
    }

    private static List<ProcessHandle> carrying(String variable) {
        List<ProcessHandle> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                try {
                    String all = Files.readString(entry.resolve("environ"), StandardCharsets.ISO_8859_1);
                    if (("\0" + all).contains("\0" + variable + "\0")) {
                        ProcessHandle.of(Long.parseLong(entry.getFileName().toString())).ifPresent(found::add);
                    }
                } catch (IOException error) {
                    continue; // it has ended, or is not to be looked into
                }
            }
        } catch (IOException error) {
            return found;
        }
        return found;
    }
}
