package rfsn.driver;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON as maps, lists, strings, doubles, booleans and null, and writes what a result line consists of. */
final class Json {
    private final String text;
    private int place;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        return new Json(text).value();
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char sign : text.toCharArray()) {
            if (sign == '"' || sign == '\\') {
                out.append('\\').append(sign);
            } else if (sign < ' ' || sign > '~') {
                out.append(String.format("\\u%04x", (int) sign));
            } else {
                out.append(sign);
            }
        }
        return out.append('"').toString();
    }

    private Object value() {
        switch (next()) {
            case '{':
                return object();
            case '[':
                return list();
            case '"':
                return string();
            default:
                return word();
        }
    }

    private char next() {
        while (Character.isWhitespace(text.charAt(place))) {
            place++;
        }
        return text.charAt(place);
    }

    private boolean took(char sign) {
        boolean there = next() == sign;
        if (there) {
            place++;
        }
        return there;
    }

    private Map<String, Object> object() {
        Map<String, Object> found = new LinkedHashMap<>();
        for (place++; !took('}'); took(',')) {
            next();
            String name = string();
            took(':');
            found.put(name, value());
        }
        return found;
    }

    private List<Object> list() {
        List<Object> found = new ArrayList<>();
        for (place++; !took(']'); took(',')) {
            found.add(value());
        }
        return found;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        for (place++; text.charAt(place) != '"'; place++) {
            char sign = text.charAt(place);
            if (sign != '\\') {
                out.append(sign);
                continue;
            }
            sign = text.charAt(++place);
            if (sign == 'u') {
                out.append((char) Integer.parseInt(text.substring(place + 1, place + 5), 16));
                place += 4;
            } else {
                int known = "bfnrt".indexOf(sign);
                out.append(known < 0 ? sign : "\b\f\n\r\t".charAt(known));
            }
        }
        place++;
        return out.toString();
    }

    private Object word() {
        int from = place;
        while (place < text.length() && ",]} \n\r\t".indexOf(text.charAt(place)) < 0) {
            place++;
        }
        String word = text.substring(from, place);
        switch (word) {
            case "true":
            case "false":
                return word.equals("true");
            case "null":
                return null;
            default:
                return Double.valueOf(word);
        }
    }
}
