# embed.awk - a text file as a C string: awk -v name=X -f embed.awk FILE > X.h
BEGIN { printf "static const char %s[] __attribute__((unused)) =\n", name }
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    gsub(/\?\?/, "?\\?")
    printf "    \"%s\\n\"\n", $0
}
END { print "    \"\";" }
