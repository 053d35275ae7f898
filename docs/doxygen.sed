# SPDX-License-Identifier: Apache-2.0
# What doxygen reads in place of a header. No line is added or removed.

# A defaulted comparison has nothing to add to its members.
s,^.*operator==.*= default;.*,,

# Equations and code are indented by three; a verbatim block begins at four.
s,^( *///)(   +),\1    \2,

# What a concept asks of all its models is documented once, at the concept.
s,^ +static constexpr bool remembers = ,/** See Operation. */ &,
s,^  template <Array A>$,/** See Operation. */ &,
s,^ +static constexpr PartNames names\{,/** See Layer. */ &,
s,^  template <ModelSpec Spec(\, class P\, class X)?>$,/** See Layer. */ &,
s,^ +bool operator\(\)\(const Entry,/** See Evict. */ &,
s,^ +bool operator\(\)\(std::span<const Entry>,/** See Admit. */ &,
s,^ +double operator\(\)\(const Offer,/** See Signal. */ &,
s,^ +std::optional<.*operator\(\)\(,/** See Place. */ &,
s,^  template <class X\, class Gate>$,/** See Fuse. */ &,
s,^ +static constexpr bool gated = (true|false);,/** See Fuse. */ &,
s,^ +static void visit\(auto,/** See Tree. */ &,
