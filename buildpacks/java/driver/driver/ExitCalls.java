package rfsn.driver;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Has a compiled class call our method where it calls `System.exit`: a program of tests may end so, and the code under
 * test may not. A class file names both in its constant pool, to which one class is added.
 */
final class ExitCalls {
    private static final int UTF8 = 1;
    private static final int CLASS = 7;
    private static final int METHOD = 10;
    private static final byte[] SIZES = {0, 0, 0, 4, 4, 8, 8, 2, 2, 4, 4, 4, 4, 0, 0, 3, 2, 4, 4, 2, 2};
    private static final int LONG = 5;
    private static final int DOUBLE = 6;

    private final ByteBuffer data;
    private final int count;
    private final int[] places;

    private ExitCalls(byte[] bytes) {
        data = ByteBuffer.wrap(bytes);
        count = data.getShort(8) & 0xFFFF;
        places = new int[count + 1];
        int place = 10;
        for (int entry = 1; entry < count; entry++) {
            places[entry] = place;
            int tag = data.get(place);
            place += 1 + (tag == UTF8 ? 2 + (data.getShort(place + 1) & 0xFFFF) : SIZES[tag]);
            if (tag == LONG || tag == DOUBLE) {
                entry++;
            }
        }
        places[count] = place;
    }

    static void redirect(Path file, String to) throws IOException {
        ExitCalls calls = new ExitCalls(Files.readAllBytes(file));
        if (calls.redirect()) {
            Files.write(file, calls.withClass(to));
        }
    }

    private boolean redirect() {
        boolean found = false;
        for (int entry = 1; entry < count; entry++) {
            if (places[entry] == 0 || data.get(places[entry]) != METHOD) {
                continue;
            }
            int nameAndType = number(entry, 3);
            boolean exits = "java/lang/System".equals(text(number(number(entry, 1), 1)))
                    && "exit".equals(text(number(nameAndType, 1))) && "(I)V".equals(text(number(nameAndType, 3)));
            if (exits) {
                data.putShort(places[entry] + 1, (short) (count + 1));
                found = true;
            }
        }
        return found;
    }

    private int number(int entry, int offset) {
        return data.getShort(places[entry] + offset) & 0xFFFF;
    }

    private String text(int entry) {
        int place = places[entry];
        int length = data.getShort(place + 1) & 0xFFFF;
        return new String(data.array(), place + 3, length, StandardCharsets.UTF_8);
    }

    private byte[] withClass(String name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        int end = places[count];
        data.putShort(8, (short) (count + 2));
        out.write(data.array(), 0, end);
        out.writeByte(UTF8);
        out.writeUTF(name);
        out.writeByte(CLASS);
        out.writeShort(count);
        out.write(data.array(), end, data.array().length - end);
        return bytes.toByteArray();
    }
}
