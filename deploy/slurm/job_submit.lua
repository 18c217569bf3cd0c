-- SPDX-License-Identifier: Apache-2.0
--
-- Refuses jobs that do not say how much memory they need, and tells how to find out. Copy it into the folder of
-- slurm.conf, set `JobSubmitPlugins=lua` there and run `scontrol reconfigure`. It runs inside slurmctld, which waits for
-- it, so it only looks at the request: it opens no file and no connection.

-- The fields of --mem and --mem-per-cpu (both in pn_min_memory), and of --mem-per-gpu.
local function states_memory(job)
  return job.pn_min_memory ~= slurm.NO_VAL64 or job.mem_per_tres ~= nil
end

function slurm_job_submit(job, partitions, user)
  if states_memory(job) then
    return slurm.SUCCESS
  end
  slurm.log_user("This job does not say how much memory it needs. Add --mem, --mem-per-cpu or --mem-per-gpu. " ..
                 "For a training, `recurve-sbatch` finds the memory and submits the job, and " ..
                 "`recurve train ... --slurm` prints the option.")
  return slurm.ESLURM_JOB_MISSING_SIZE_SPECIFICATION
end

function slurm_job_modify(job, record, partitions, user)
  return slurm.SUCCESS
end

return slurm.SUCCESS
