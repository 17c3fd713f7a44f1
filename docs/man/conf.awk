# conf.awk - the keys of include/config.def as the list of a manual page.
# Copies the page; at the line @KEYS@ come the keys, in the order of the file.
FNR == NR {
	if ($0 ~ /^CONF\(/)
		entry = $0
	else if (entry != "")
		entry = entry $0
	if (entry ~ /\)$/) {
		all[++count] = entry
		entry = ""
	}
	next
}

function unit(type, min, max, words)
{
	if (type == "TEXT")
		return "text of " (min == "0" ? "at most " : min " to ") max \
		    " bytes"
	if (type == "DURATION")
		return "duration, " min " to " max
	if (type == "SIZE")
		return "size, " min " to " max
	if (type == "COUNT")
		return "number, " min " to " max
	if (type == "YESNO")
		return "yes or no"
	words = min
	gsub(/\|/, " or ", words)
	return words
}

$0 == "@KEYS@" {
	for (i = 1; i <= count; i++) {
		n = split(all[i], part, "\"")
		split(part[1], head, /[ ,(]+/)
		print ".It Cm " part[2]
		print part[n - 1]
		print "Type: " unit(head[3], part[6], part[8]) "."
		if (part[4] != "")
			print "Default: " part[4] "."
		if (part[9] ~ /RELOAD/)
			print "Taken on reload."
	}
	next
}

{ print }
