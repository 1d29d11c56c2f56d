"""The graph of conducting cells and of aggregates of them: nodes joined by edges that conduct.

Node i has the edges ``ptr[i]`` to ``ptr[i + 1]``, each towards node ``to[m]`` and with conductance
``g[m]``, and a conductance ``link[i]`` to the driven faces. Every edge is listed at both of its
ends. Conductances are summed in float64, whatever they are kept in.
"""

import numpy as np

from poreflux.kernels.redblack import compiled


@compiled
def count_edges(g, number, axis, degree, k0, k1):
    """Add the faces across one axis of cells in planes k0 to k1 to the degrees of their nodes.

    ``g`` and ``number`` (n0, n1, n2): the conductance of a cell to the one before it, which is the
    last one for the first; and its node, -1 where there is none. Faces between planes are counted
    at both sides by the plane that they belong to, so that planes may be shared out.
    """
    for k in range(k0, k1):
        for j in range(g.shape[1]):
            for i in range(g.shape[2]):
                node = number[k, j, i]
                if node < 0:
                    continue
                before, after = g[k, j, i], after_of(g, axis, k, j, i)
                degree[node] += np.int64(before > 0) + np.int64(after > 0)


@compiled
def after_of(values, axis, k, j, i):
    """Return the value of the cell after (k, j, i) along an axis; after the last is the first."""
    n0, n1, n2 = values.shape
    if axis == 0:
        return values[k + 1 if k + 1 < n0 else 0, j, i]
    if axis == 1:
        return values[k, j + 1 if j + 1 < n1 else 0, i]
    return values[k, j, i + 1 if i + 1 < n2 else 0]


@compiled
def before_of(values, axis, k, j, i):
    """Return the value of the cell before (k, j, i) along an axis; before the first is the last."""
    if axis == 0:
        return values[k - 1, j, i]
    return values[k, j - 1, i] if axis == 1 else values[k, j, i - 1]


@compiled
def list_edges(conductance, number, axis, end, to, g, k0, k1):
    """Append the faces across one axis of cells in planes k0 to k1 to the edges of their nodes;
    ``end`` is where the next edge of each node goes.
    """
    for k in range(k0, k1):
        for j in range(number.shape[1]):
            for i in range(number.shape[2]):
                node = number[k, j, i]
                if node < 0:
                    continue
                before, after = conductance[k, j, i], after_of(conductance, axis, k, j, i)
                if before > 0:
                    to[end[node]] = before_of(number, axis, k, j, i)
                    g[end[node]] = before
                    end[node] += 1
                if after > 0:
                    to[end[node]] = after_of(number, axis, k, j, i)
                    g[end[node]] = after
                    end[node] += 1


@compiled
def invert_diagonal(ptr, g, link, inverse, a, z):
    """inverse = one over the conductances of nodes a to z, summed; 0 where nothing conducts."""
    for i in range(a, z):
        s = np.float64(link[i])
        for m in range(ptr[i], ptr[i + 1]):
            s += g[m]
        inverse[i] = 1 / s if s > 0 else 0.0


@compiled
def pair(ptr, to, g, link, inverse, order, worst, whole):
    """Number pairs of nodes, each with the neighbour that it is joined to best, in the order of
    nodes `order`; return how many.

    A pair is as bad as its nodes conduct, ``inverse`` over, beside its edge: none is made of which
    the mean of both is more than `worst` times that.
    """
    for i in range(whole.shape[0]):
        whole[i] = -1
    count = 0
    for turn in range(order.shape[0]):
        i = order[turn]
        if whole[i] >= 0:
            continue
        best, least = -1, np.float64(worst)
        for m in range(ptr[i], ptr[i + 1]):
            j = to[m]
            if whole[j] >= 0 or j == i:
                continue
            apart = 0.0  # what joins them by way of the driven faces
            if link[i] > 0 and link[j] > 0:
                apart = 1 / (1 / np.float64(link[i]) + 1 / np.float64(link[j]))
            ratio = 2 / (inverse[i] + inverse[j]) / (g[m] + apart)
            if ratio < least:
                best, least = j, ratio
        whole[i] = count
        if best >= 0:
            whole[best] = count
        count += 1
    return count


@compiled
def renumber(whole, new):
    """Number aggregates in the order of their first nodes; ``new`` (aggregates,) is scratch."""
    for i in range(new.shape[0]):
        new[i] = -1
    count = 0
    for i in range(whole.shape[0]):
        if new[whole[i]] < 0:
            new[whole[i]] = count
            count += 1
        whole[i] = new[whole[i]]


@compiled
def list_members(whole, first, member):
    """List the nodes of each aggregate, ``whole[i]`` that of node i: those of aggregate I are
    ``member[first[I]]`` to ``member[first[I + 1]]``, in order.
    """
    for i in range(first.shape[0]):
        first[i] = 0
    count = first.shape[0] - 1
    for i in range(whole.shape[0]):
        first[whole[i] + 1] += 1
    for i in range(count):
        first[i + 1] += first[i]
    for i in range(whole.shape[0]):
        member[first[whole[i]]] = i
        first[whole[i]] += 1
    for i in range(count, 0, -1):
        first[i] = first[i - 1]
    first[0] = 0


@compiled
def count_joined(ptr, to, whole, first, member, seen, degree, a, z):
    """degree = the number of other aggregates that each of aggregates a to z is joined to; ``seen``
    (aggregates,) is scratch.
    """
    for i in range(seen.shape[0]):
        seen[i] = -1
    for i in range(a, z):
        n = 0
        for q in range(first[i], first[i + 1]):
            for m in range(ptr[member[q]], ptr[member[q] + 1]):
                j = whole[to[m]]
                if j != i and seen[j] != i:
                    seen[j] = i
                    n += 1
        degree[i] = n


@compiled
def join(
    ptr, to, g, link, whole, first, member, seen, total, new_ptr, new_to, new_g, new_link, a, z
):
    """Fill edges and links of aggregates a to z: sums of those of their nodes. ``seen`` and
    ``total`` (aggregates,) are scratch.
    """
    for i in range(seen.shape[0]):
        seen[i] = -1
    for i in range(a, z):
        end = new_ptr[i]
        linked = 0.0
        for q in range(first[i], first[i + 1]):
            node = member[q]
            linked += link[node]
            for m in range(ptr[node], ptr[node + 1]):
                j = whole[to[m]]
                if j == i:
                    continue
                if seen[j] != i:
                    seen[j] = i
                    total[j] = 0.0
                    new_to[end] = j
                    end += 1
                total[j] += g[m]
        new_link[i] = linked
        for m in range(new_ptr[i], end):
            new_g[m] = total[new_to[m]]
