"""The engine of a graphics processor: vectors, hierarchy and sums stay in its memory."""
