# SPDX-License-Identifier: Apache-2.0
# The two tables of bench/device.sh as JSON, with the variables day, commit, device, driver, compiler.
BEGIN {
  FS = " *[|] *"
  print "{"
  print "  " member("day", text(day)) ","
  print "  " member("commit", text(commit)) ","
  print "  \"machine\": {" member("device", text(device)) ", " member("driver", text(driver)) ", " \
    member("compiler", text(compiler)) "},"
  printf "  \"stages\": ["
}

/^[|] --- / { next }
/^[|] stage / { next }
/^[|] program / { measured = 1; rows = 0; printf "\n  ],\n  \"measured\": ["; next }

/^[|] / {
  printf "%s\n    {", rows++ ? "," : ""
  if (measured) {
    printf "%s, %s, %s, ", member("program", text($2)), member("what", text($3)),
      member("value", number($4))
    printf "%s, %s", member("unit", text($5)), member("runs", number($6))
    if ($7 != "") printf ", %s, %s", member("wanted", text($7)), member("verdict", text($8))
  } else {
    printf "%s, %s, ", member("stage", text($2)), member("result", text($3))
    printf "%s", member("seconds", number($4))
    if ($5 != "") printf ", %s", member("why", text($5))
  }
  printf "}"
}

END { print "\n  ]\n}" }

function member(key, value) { return text(key) ": " value }
function text(words) { gsub(/[\\"]/, "\\\\&", words); return "\"" words "\"" }
function number(word) { return word ~ /^-?[0-9.]+(e[-+][0-9]+)?$/ ? word : "null" }
