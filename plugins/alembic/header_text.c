/* header_text - see header_text.h. */
#include "header_text.h"

#include <string.h>
#include <strings.h>

/* Whether ${part} is at ${offset} from the ${mark} that it was found by. */
static bool is_part(const char *text, size_t n, const char *mark, const char *part, size_t offset)
{
    size_t length = strlen(part);

    return (size_t)(mark - text) >= offset && (size_t)(text + n - mark) >= length - offset &&
           memcmp(mark - offset, part, length) == 0;
}

bool header_text_names(const char *text, size_t n)
{
    const char *end = text + n, *mark = text;

    for (; (mark = memchr(mark, 'v', (size_t)(end - mark))) != NULL; mark++)
        if (is_part(text, n, mark, "revision", 2))
            return true;
    for (mark = text; (mark = memchr(mark, '_', (size_t)(end - mark))) != NULL; mark++)
        if (is_part(text, n, mark, "branch_labels", 6) || is_part(text, n, mark, "depends_on", 7) ||
            is_part(text, n, mark, "__doc__", 0))
            return true;
    return false;
}

bool header_text_is_foreign(const char *text, size_t n)
{
    const char *end = text + n, *line = text;

    for (int i = 0; i < 2 && line < end; i++) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        const char *coding;

        line_end = line_end != NULL ? line_end : end;
        coding = memmem(line, (size_t)(line_end - line), "coding", 6);
        if (coding != NULL && memchr(line, '#', (size_t)(coding - line)) != NULL) {
            coding += 6;
            while (coding < line_end && strchr(":= \t", *coding) != NULL && *coding != '\0')
                coding++;
            if (line_end - coding >= 4 && (strncasecmp(coding, "utf-", 4) == 0 ||
                                           strncasecmp(coding, "utf8", 4) == 0 ||
                                           strncasecmp(coding, "utf_", 4) == 0))
                return false;
            for (const char *c = text; c < end; c++)
                if ((unsigned char)*c >= 0x80)
                    return true;
            return false;
        }
        line = line_end < end ? line_end + 1 : end;
    }
    return false;
}
