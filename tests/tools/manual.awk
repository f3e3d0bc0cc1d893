# manual.awk - the lists of deploy-db.1 from the tables of the program:
#     awk -v statuses=FILE -v options=FILE -f manual.awk deploy-db.1.in >deploy-db.1
# FILE holds the rows of err.def and options.def, one a line, as the preprocessor left them:
#     @ "status" @ "database" @ "meaning"         @ "long" @ 'c' @ "VALUE" @ "help"
function field(n) { gsub(/^ *"?|"? *$/, "", part[n]); gsub(/" "/, "", part[n]); return part[n] }
/^@EXIT_STATUS@$/ {
    while ((getline line <statuses) > 0) {
        if (split(line, part, " @ ") < 4) continue
        printf ".It %s\n%s.\nDatabase: %s.\n", field(2), field(4), field(3)
    }
    next
}
/^@OPTIONS@$/ {
    while ((getline line <options) > 0) {
        if (split(line, part, " @ ") < 5) continue
        letter = field(3); gsub(/'/, "", letter)
        value = field(4)
        printf ".It %sFl -%s%s\n%s.\n", letter == "0" ? "" : "Fl " letter " , ", field(2), \
            value == "NULL" || value == "((void *)0)" ? "" : " Ar " tolower(value), field(5)
    }
    next
}
{ print }
