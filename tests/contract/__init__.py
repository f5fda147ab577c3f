"""The public contract as tests that speak HTTP only, so that they run against any address: `PICUS_BASE_URL`."""
